"""The first server of many textbooks: one client at a time, recv(1024), and send, which may send only a part."""

import socket
import sys

server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
while True:
    # tag::accept[]
    conn, addr = server.accept()
    # end::accept[]
    # tag::converse[]
    while True:
        try:
            # tag::wait[]
            msg = conn.recv(1024)
            # end::wait[]
            if not msg:
                break
            conn.send(msg.upper())
        except ConnectionResetError:
            break
    # end::converse[]
    # tag::close[]
    conn.close()
    # end::close[]
