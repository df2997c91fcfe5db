"""select: each call takes three lists and returns three lists. Java counterpart: linux-select."""

import select
import socket
import sys

unsent = {}  # by connection; a connection with unsent output is not read


# tag::accept[]
def accept(listener):
    try:
        peer, _ = listener.accept()
    except OSError:
        return  # the client has reset, or the process is out of file descriptors
    if peer.fileno() >= 1024:
        peer.close()  # FD_SETSIZE: select cannot watch it
        return
    peer.setblocking(False)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    unsent[peer] = memoryview(b"")
# end::accept[]


# tag::converse[]
def converse(peer):
    try:
        if not unsent[peer]:
            data = peer.recv(65536)
            if not data:
                raise EOFError
            unsent[peer] = memoryview(data.upper())
        unsent[peer] = unsent[peer][peer.send(unsent[peer]) :]
    except BlockingIOError:
        pass
    # tag::close[]
    except (OSError, EOFError):
        del unsent[peer]
        peer.close()
    # end::close[]
# end::converse[]


with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listener:
    listener.setblocking(False)
    # tag::wait[]
    while True:
        readers = [listener] + [peer for peer, rest in unsent.items() if not rest]
        writers = [peer for peer, rest in unsent.items() if rest]
        readable, writable, _ = select.select(readers, writers, [])
        for ready in readable + writable:
            if ready is listener:
                accept(listener)
            else:
                converse(ready)
    # end::wait[]
