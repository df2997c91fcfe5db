"""Callbacks on asyncio transports: the Protocol is the handler. Java counterpart: vertx.

The event loop waits in its selector, so there is no region wait. After the client's FIN the transport sends its
buffered output and closes, so there is no region close.
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
        self.transport.pause_reading()  # back-pressure: the client does not read its output

    def resume_writing(self):
        self.transport.resume_reading()
    # end::converse[]


async def main(port):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upper, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
