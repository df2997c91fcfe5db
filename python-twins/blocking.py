"""One client at a time: accept, then recv, then sendall. Java counterpart: blocking-sequential."""

import socket
import sys


# tag::converse[]
def converse(peer):
    # tag::wait[]
    while data := peer.recv(65536):
    # end::wait[]
        peer.sendall(data.upper())  # bytes.upper changes ASCII letters only
# end::converse[]


with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listener:
    while True:
        # tag::accept[]
        peer, _ = listener.accept()
        # end::accept[]
        # tag::close[]
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                converse(peer)
            except OSError:
                pass  # the client has disconnected
        # end::close[]
