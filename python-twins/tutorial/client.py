"""The client of many introductions: a prompt, one send, one recv.

It breaks rules 10.01 to 10.09: a line is not ended, a reply is not one recv, and at the end of input there may be more to
come. `./iomodels connect` is a client that keeps them.
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
