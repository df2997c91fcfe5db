"""TCP relay with asyncio streams: one task for each direction.

Java counterpart: virtual-threads. Each task reads, writes and drains, so drain is the back-pressure. If one
direction fails, the task group cancels the other. asyncio closes with FIN by default; a failed relay has to reset.
"""

import asyncio
import functools
import socket
import struct
import sys

from asyncio_server import serve

CONNECT_TIMEOUT = 1  # second
CHUNK = 64 * 1024


# tag::accept[]
async def main(port, upstream_port):
    if upstream_port == port:
        sys.exit(f"the upstream 127.0.0.1:{port} is this relay itself; give another port")
    await serve(port, functools.partial(relay, upstream_port), limit=CHUNK)
# end::accept[]


# tag::relay[]
async def relay(upstream_port, client_reader, client_writer):
    writers = [client_writer]
    try:
        set_reset_on_close(client_writer, True)
        async with asyncio.timeout(CONNECT_TIMEOUT):
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", upstream_port, limit=CHUNK)
        writers.append(upstream_writer)
        set_reset_on_close(upstream_writer, True)
        async with asyncio.TaskGroup() as group:
            group.create_task(copy(client_reader, upstream_writer))
            group.create_task(copy(upstream_reader, client_writer))
        for writer in writers:
            set_reset_on_close(writer, False)  # both streams are complete
    except* OSError:
        pass  # a reset, or the upstream is not reachable; TimeoutError is an OSError
    finally:
        for writer in writers:
            writer.transport.abort()


async def copy(reader, writer):
    # With the default limits, drain returns while up to 64 KiB are unsent, and the abort above would discard them.
    writer.transport.set_write_buffer_limits(0)
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()  # back-pressure: no read until the receiver has taken the data
    writer.write_eof()  # half-close; the other direction continues
# end::relay[]


# tag::close[]
def set_reset_on_close(writer, enabled):
    """Selects RST instead of FIN for the close, also for a close by the kernel if this process is killed."""
    linger = struct.pack("ii", enabled, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
# end::close[]


asyncio.run(main(*map(int, sys.argv[1:3])))
