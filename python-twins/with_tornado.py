"""Coroutines on Tornado's IOStream. Java counterpart: vertx."""

import asyncio
import sys

from tornado.iostream import StreamClosedError
from tornado.tcpserver import TCPServer


class Upper(TCPServer):
    # tag::converse[]
    async def handle_stream(self, stream, address):
        stream.set_nodelay(True)
        try:
            while True:
                # tag::wait[]
                data = await stream.read_bytes(65536, partial=True)
                # end::wait[]
                await stream.write(data.upper())  # back-pressure: no read until the output is written
        # tag::close[]
        except StreamClosedError:
            pass  # Tornado has closed the stream; it closes at the client's FIN, too
        # end::close[]
    # end::converse[]


# tag::accept[]
async def main(port):
    server = Upper()
    server.listen(port, "127.0.0.1", backlog=1024)
    await asyncio.Event().wait()
# end::accept[]


asyncio.run(main(int(sys.argv[1])))
