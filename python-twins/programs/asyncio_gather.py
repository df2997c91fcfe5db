"""Several backends at once, with asyncio's streams: a task for each question. The answer to virtual-threads.

A task group is a scope: it is left when all of its tasks have ended, and when one fails the others are cancelled. The
deadline is a scope as well. So cancellation is written nowhere but in one finally, where a connection is closed.
"""

import asyncio
import contextlib
import signal
import socket
import sys

BACK_OFF = 0.1  # seconds
GRACE_PERIOD = 3  # seconds
LINGER = 1  # second
MAX_LINE = 1024  # bytes, its end not counted

conversations = {}  # the client of each task
backends = []  # their ports


class Refused(Exception):
    """Its text says why; after that the connection is closed."""


# tag::accept[]
def accept(reader, writer):
    conversation = asyncio.create_task(serve(reader, writer))
    conversations[conversation] = writer
    conversation.add_done_callback(conversations.pop)


async def serve(reader, writer):
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(converse(reader, writer))
            # A task that waits for backends does not look at its client. This one fails when the client resets, and
            # so has the other cancelled; otherwise it ends when all has been sent.
            both.create_task(writer.wait_closed())
    except* OSError:
        pass  # the client is gone
    finally:
        writer.transport.abort()


async def converse(reader, writer):
    writer.transport.set_write_buffer_limits(0)
    try:
        while (line := await line_of(reader)) is not None:
            writer.write((await answer(line)).encode())
            await writer.drain()  # who does not read its answers is asked for no more
    except Refused as reason:
        writer.write(f"error {reason}\n".encode())
        writer.write_eof()
        # To close while something is unread is to reset, which may overtake what has just been said.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while await reader.read(MAX_LINE):
                    pass
    writer.close()


async def line_of(reader):
    """The next line; None at the end."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        try:
            line = await reader.readexactly(MAX_LINE + 1)
            if not line.endswith(b"\r") or await reader.readexactly(1) != b"\n":
                raise Refused("line too long")
        except asyncio.IncompleteReadError:
            return None
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")
# end::accept[]


# tag::ask[]
async def ask(port, text):
    """The line that a backend answers with; None if it fails."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MAX_LINE)
        try:
            writer.write(f"{text}\n".encode())
            line = await line_of(reader)
        finally:
            writer.transport.abort()  # at once: it has answered, or is not wanted any more
    except (OSError, Refused):
        return None
    return None if line is None or line.startswith("error") else line


async def ask_until(deadline, port, text):
    try:
        async with asyncio.timeout_at(deadline):
            line = await ask(port, text)
    except TimeoutError:
        return "late\n"
    return "failed\n" if line is None else f"ok {line}\n"


async def race(text):
    """The first good answer; None if there is none. On return all connections are closed."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(port, text)) for port in backends]
        for next_answer in asyncio.as_completed(asked):
            if (line := await next_answer) is not None:
                for task in asked:
                    task.cancel()
                return line
    return None
# end::ask[]


# tag::answer[]
async def answer(line):
    deadline = asyncio.get_running_loop().time() + patience
    kind, space, text = line.partition(" ")
    if kind == "all" and space:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask_until(deadline, port, text)) for port in backends]
        return "".join(task.result() for task in asked)
    if kind == "first" and space:
        return await first(deadline, text)
    raise Refused("expected all or first")


async def first(deadline, text):
    try:
        async with asyncio.timeout_at(deadline):
            line = await race(text)
            if line is None:
                await asyncio.sleep(BACK_OFF)
                line = await race(text)
    except TimeoutError:
        return "late\n"
    return "failed\n" if line is None else f"ok {line}\n"
# end::answer[]


# tag::close[]
async def main(port, millis, *backend_ports):
    global patience
    patience = millis / 1000
    backends.extend(backend_ports)
    server = await asyncio.start_server(accept, "127.0.0.1", port, backlog=1024, limit=MAX_LINE)
    stop = asyncio.Event()
    for number in signal.SIGINT, signal.SIGTERM:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    for writer in conversations.values():
        with contextlib.suppress(OSError):  # gone
            writer.get_extra_info("socket").shutdown(socket.SHUT_RD)  # as if it had finished sending
    if conversations:
        await asyncio.wait(conversations, timeout=GRACE_PERIOD)
# end::close[]


asyncio.run(main(*map(int, sys.argv[1:])))
