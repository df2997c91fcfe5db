"""Non-blocking sockets, each asked in turn, again and again: it burns its core. The answer to nio-polling."""

import socket
import sys

unsent = {}  # by connection; while there is some, nothing is read from it


# tag::converse[]
def converse(peer):
    """Takes what there is and says what can be said; False once the conversation is over."""
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
            pass  # nobody is waiting, or there are no descriptors left
        # end::accept[]
        for peer in list(unsent):
            # tag::close[]
            if not converse(peer):
                del unsent[peer]
                peer.close()
            # end::close[]
    # end::wait[]
