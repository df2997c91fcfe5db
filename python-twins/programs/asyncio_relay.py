"""The forwarder with asyncio's streams: two tasks for each client, one for each direction.

The answer to virtual-threads: each reads, writes and drains. Back-pressure is that one word; where a direction is, its
task knows. Who cancels is the task group: if one direction fails, the other is not left standing. What has to be
written is how it ends, since asyncio closes with a FIN whatever has happened.
"""

import asyncio
import functools
import signal
import socket
import struct
import sys

CONNECT_WITHIN = 1  # second
GRACE_PERIOD = 3  # seconds
CHUNK = 64 * 1024

conversations = set()


# tag::accept[]
def accept(upstream_port, reader, client):
    # The loop itself keeps no task alive.
    conversation = asyncio.create_task(serve(upstream_port, reader, client))
    conversations.add(conversation)
    conversation.add_done_callback(conversations.discard)
# end::accept[]


# tag::relay[]
async def serve(upstream_port, from_client, client):
    writers = [client]
    try:
        reset_when_closed(client, True)
        async with asyncio.timeout(CONNECT_WITHIN):
            from_upstream, upstream = await asyncio.open_connection(
                "127.0.0.1", upstream_port, limit=CHUNK
            )
        writers.append(upstream)
        reset_when_closed(upstream, True)
        async with asyncio.TaskGroup() as both:
            both.create_task(carry(from_client, upstream))
            both.create_task(carry(from_upstream, client))
        for writer in writers:
            reset_when_closed(writer, False)  # all has been carried
    except* OSError:
        pass  # one of the two is gone, or the upstream cannot be reached in time
    finally:
        for writer in writers:
            writer.transport.abort()  # nothing is unsent, or it does not matter any more


async def carry(reader, writer):
    # By default drain returns while 64 KB are still unsent: they would be lost if the FIN below were the last of all.
    writer.transport.set_write_buffer_limits(0)
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()  # whoever does not read holds us here, where we do not read either
    writer.write_eof()  # the other direction goes on
# end::relay[]


# tag::close[]
def reset_when_closed(writer, whether):
    """Not FIN but RST, until all has been carried: by whom it is closed, even by the death of this process."""
    linger = struct.pack("ii", whether, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


async def main(port, upstream_port, *_):
    if upstream_port == port:
        sys.exit(f"the upstream 127.0.0.1:{port} is this relay itself; give it another one")
    server = await asyncio.start_server(
        functools.partial(accept, upstream_port), "127.0.0.1", port, backlog=1024, limit=CHUNK
    )
    stop = asyncio.Event()
    for number in signal.SIGINT, signal.SIGTERM:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    if conversations:
        await asyncio.wait(conversations, timeout=GRACE_PERIOD)
    # Those that are left are cancelled by asyncio.run, and so reset.
# end::close[]


asyncio.run(main(*map(int, sys.argv[1:])))
