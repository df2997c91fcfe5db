"""A first server: returns bytes in upper case, to one client at a time."""

import socket
import sys

LOWER = bytes(range(0x61, 0x7B))
UPPER = bytes(range(0x41, 0x5B))
TABLE = bytes.maketrans(LOWER, UPPER)


def converse(client):
    while data := client.recv(65536):
        client.sendall(data.translate(TABLE))


def main():
    port = int(sys.argv[1])  # sys.argv[2] is the name of the service.
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            client, _ = listener.accept()
            with client:
                try:
                    converse(client)
                except OSError as e:
                    print("a client has gone:", e, file=sys.stderr)


main()
