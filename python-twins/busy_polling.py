"""Non-blocking sockets, tried in turn in a busy loop that uses a whole core. Java counterpart: nio-polling."""

import socket
import sys

unsent = {}  # by connection; a connection with unsent output is not read


# tag::converse[]
def converse(peer):
    """Reads and writes what is possible without waiting. Returns False when the connection has ended."""
    try:
        if not unsent[peer]:
            data = peer.recv(65536)
            if not data:
                return False
            unsent[peer] = memoryview(data.upper())
        unsent[peer] = unsent[peer][peer.send(unsent[peer]) :]
    except BlockingIOError:
        pass
    except OSError:
        return False
    return True
# end::converse[]


with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listener:
    listener.setblocking(False)
    # tag::wait[]
    while True:
        # tag::accept[]
        try:
            peer, _ = listener.accept()
            peer.setblocking(False)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            unsent[peer] = memoryview(b"")
        except OSError:
            pass  # no pending connection, or the process is out of file descriptors
        # end::accept[]
        for peer in list(unsent):
            # tag::close[]
            if not converse(peer):
                del unsent[peer]
                peer.close()
            # end::close[]
    # end::wait[]
