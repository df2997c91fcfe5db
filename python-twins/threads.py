"""One thread for each connection. Java counterpart: blocking-threads.

socketserver closes the connection when handle returns, so there is no region close.
"""

import socket
import socketserver
import sys


class Upper(socketserver.BaseRequestHandler):
    # tag::converse[]
    def handle(self):
        try:
            # tag::wait[]
            while data := self.request.recv(65536):
            # end::wait[]
                self.request.sendall(data.upper())
        except OSError:
            pass  # the client has disconnected
    # end::converse[]


# tag::accept[]
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def get_request(self):
        request, address = super().get_request()
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return request, address
# end::accept[]


with Server(("127.0.0.1", int(sys.argv[1])), Upper) as server:
    server.serve_forever()
