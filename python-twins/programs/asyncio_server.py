"""Accepting and stopping, shared by the asyncio programs."""

import asyncio
import signal

GRACE_PERIOD = 3  # seconds


# tag::accept[]
async def serve(port, handle, limit, on_stop=None):
    """Runs handle(reader, writer) in one task per connection, until SIGINT or SIGTERM.

    Then calls on_stop(writer) for each open connection, and gives the tasks GRACE_PERIOD to finish. asyncio.run cancels
    those that do not. limit is the size of the read buffers in bytes.
    """
    connections = {}

    def accept(reader, writer):
        task = asyncio.create_task(handle(reader, writer))
        connections[task] = writer  # a strong reference; the event loop keeps only a weak one
        task.add_done_callback(connections.pop)

    server = await asyncio.start_server(accept, "127.0.0.1", port, backlog=1024, limit=limit)
    # end::accept[]
    # tag::close[]
    stop = asyncio.Event()
    for signal_number in signal.SIGINT, signal.SIGTERM:
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    await stop.wait()
    server.close()
    if on_stop:
        for writer in connections.values():
            on_stop(writer)
    if connections:
        await asyncio.wait(connections, timeout=GRACE_PERIOD)
# end::close[]
