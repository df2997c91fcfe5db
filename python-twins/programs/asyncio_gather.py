"""Scatter-gather with asyncio streams: one task for each call to a backend.

Java counterpart: virtual-threads. A task group is left when all of its tasks have ended; when one fails, the
others are cancelled. asyncio.timeout_at cancels its block at the deadline. So the only cleanup is one finally block,
which closes the connection to a backend.
"""

import asyncio
import sys

from asyncio_lines import MAX_LINE, Refused, read_line, serve_lines

BACK_OFF = 0.1  # seconds


# tag::accept[]
async def converse(reader, writer):
    writer.transport.set_write_buffer_limits(0)
    while (line := await read_line(reader)) is not None:
        writer.write((await answer(line)).encode())
        await writer.drain()  # back-pressure: no next request until the client has taken the answer
# end::accept[]


# tag::ask[]
async def call(port, text):
    """Returns the backend's line, or None if the call fails."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MAX_LINE)
        try:
            writer.write(f"{text}\n".encode())
            line = await read_line(reader)
        finally:
            writer.transport.abort()  # also runs when the call is cancelled
    except (OSError, Refused):
        return None
    return None if line is None or line.startswith("error") else line


async def call_until(deadline, port, text):
    try:
        async with asyncio.timeout_at(deadline):
            return format_result(await call(port, text))
    except TimeoutError:
        return "late\n"


async def race(text):
    """Returns the line of the first call that succeeds, or None if all fail. Closes all connections."""
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(call(port, text)) for port in backend_ports]
        for next_result in asyncio.as_completed(calls):
            if (line := await next_result) is not None:
                for task in calls:
                    task.cancel()
                return line
    return None
# end::ask[]


# tag::answer[]
async def answer(request):
    deadline = asyncio.get_running_loop().time() + timeout
    command, space, text = request.partition(" ")
    if command == "all" and space:
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(call_until(deadline, port, text)) for port in backend_ports]
        return "".join(task.result() for task in calls)
    if command == "first" and space:
        return await first(deadline, text)
    raise Refused("expected all or first")


async def first(deadline, text):
    try:
        async with asyncio.timeout_at(deadline):
            line = await race(text)
            if line is None:
                await asyncio.sleep(BACK_OFF)
                line = await race(text)
            return format_result(line)
    except TimeoutError:
        return "late\n"


def format_result(line):
    return "failed\n" if line is None else f"ok {line}\n"
# end::answer[]


# tag::close[]
port, timeout_millis, *backend_ports = map(int, sys.argv[1:])
if port in backend_ports:
    sys.exit(f"the upstream 127.0.0.1:{port} is this program itself; give another port")
timeout = timeout_millis / 1000
asyncio.run(serve_lines(port, converse))
# end::close[]
