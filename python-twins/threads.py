"""A thread for each connection. The answer to blocking-threads."""

import socket
import socketserver
import sys


class Upper(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data.upper())
        except OSError:
            pass  # the peer is gone


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def get_request(self):
        request, address = super().get_request()
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return request, address


with Server(("127.0.0.1", int(sys.argv[1])), Upper) as server:
    server.serve_forever()
