"""Callbacks on asyncio's transports. The answer to vertx: the Protocol is the handler.

The event loop waits, in its selector, and calls back: there is no region wait. The transport closes itself when the
client has ended and all is sent, so there is no region close.
"""

import asyncio
import sys


class Upper(asyncio.Protocol):
    # tag::accept[]
    def connection_made(self, transport):
        self.transport = transport
    # end::accept[]

    # tag::converse[]
    def data_received(self, data):
        self.transport.write(data.upper())

    def pause_writing(self):
        self.transport.pause_reading()  # the peer does not take what it is owed

    def resume_writing(self):
        self.transport.resume_reading()
    # end::converse[]


async def main(port):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upper, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
