"""Coroutines on asyncio streams: sequential code that does not block the loop. Java counterpart: vertx-virtual."""

import asyncio
import socket
import sys


# tag::converse[]
async def converse(reader, writer):
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        # tag::wait[]
        while data := await reader.read(65536):
        # end::wait[]
            writer.write(data.upper())
            await writer.drain()  # back-pressure: the output for a client that does not read must not pile up
    except OSError:
        pass  # the client has disconnected
    # tag::close[]
    finally:
        writer.close()
    # end::close[]
# end::converse[]


# tag::accept[]
async def main(port):
    server = await asyncio.start_server(converse, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()
# end::accept[]


asyncio.run(main(int(sys.argv[1])))
