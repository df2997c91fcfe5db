"""The best readiness call of the platform, behind one interface. Java counterpart: nio-selector."""

import selectors
import socket
import sys

selector = selectors.DefaultSelector()


# tag::accept[]
def accept(listener):
    try:
        peer, _ = listener.accept()
    except OSError:
        return  # the client has reset, or the process is out of file descriptors
    peer.setblocking(False)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    selector.register(peer, selectors.EVENT_READ, memoryview(b""))
# end::accept[]


# tag::converse[]
def converse(peer, unsent):
    """Reads from the connection, unless it has unsent output."""
    try:
        if not unsent:
            data = peer.recv(65536)
            # tag::close[]
            if not data:
                selector.unregister(peer)
                peer.close()
                return
            # end::close[]
            unsent = memoryview(data.upper())
        unsent = unsent[peer.send(unsent) :]
    except BlockingIOError:
        pass
    except OSError:
        selector.unregister(peer)
        peer.close()
        return
    selector.modify(peer, selectors.EVENT_WRITE if unsent else selectors.EVENT_READ, unsent)
# end::converse[]


with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listener:
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ, accept)
    # tag::wait[]
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                accept(listener)
            else:
                converse(key.fileobj, key.data)
    # end::wait[]
