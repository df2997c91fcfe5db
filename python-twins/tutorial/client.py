"""The client of many tutorials: a prompt, one send, one recv.

It breaks all rules for clients but 10.10: it does not end its lines, takes one recv for one reply, and does not read the remaining
replies at the end of its input. `./iomodels connect` is a client that keeps these rules.
"""

import socket
import sys

client = socket.socket()
client.connect(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080))
while True:
    message = input("请输入》》》").strip()
    if not message:
        continue
    client.send(message.encode("utf-8"))
    reply = client.recv(1024)
    print(reply.decode("utf-8"))
