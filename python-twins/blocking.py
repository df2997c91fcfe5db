"""One client at a time: accept, then recv, then sendall. The answer to blocking-sequential."""

import socket
import sys


def converse(peer):
    while data := peer.recv(65536):
        peer.sendall(data.upper())  # of bytes: ASCII only


with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listener:
    while True:
        peer, _ = listener.accept()
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                converse(peer)
            except OSError:
                pass  # the peer is gone
