"""The room with asyncio's streams: a task for each member, which reads. The answer to virtual-threads.

The room is everybody's, and needs no lock: a task gives way where it awaits, and nothing below awaits between a look at
the room and a change of it. The outbox need not be written either, as each transport has one. All the more has to be
asked how full it is, and nobody may drain: who does waits for somebody else's client.
"""

import asyncio
import contextlib
import re
import signal
import socket
import sys

OUTBOX = 64 * 1024  # bytes
GRACE_PERIOD = 3  # seconds
LINGER = 1  # second
MAX_LINE = 1024  # bytes, its end not counted

conversations = {}  # the client of each task
members = {}  # their writers by name, in the order in which they came


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
            both.create_task(writer.wait_closed())  # fails when the client resets; else ends when all has been sent
    except* OSError:
        pass  # the client is gone
    finally:
        writer.transport.abort()


async def converse(reader, writer):
    try:
        name = await line_of(reader)
        if name is not None:
            enter(name, writer)
            try:
                while (line := await line_of(reader)) is not None:
                    say(name, writer, line)
            finally:
                leave(name, writer)
    except Refused as reason:
        writer.write(f"error {reason}\n".encode())
        writer.write_eof()
        # To close while something is unread is to reset, which may overtake what has just been said.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while await reader.read(MAX_LINE):
                    pass
    writer.close()  # when all that it is owed has been sent


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


# tag::room[]
def enter(name, writer):
    if not re.fullmatch("[A-Za-z0-9_-]{1,16}", name):
        raise Refused("a name has 1 to 16 letters, digits, - or _")
    if name in members:
        raise Refused(f"{name} is taken")
    tell(members, f"* {name} joined\n")
    here = "".join(f" {other}" for other in members)
    members[name] = writer
    tell([name], f"* you are {name}; here:{here}\n")


def say(name, writer, line):
    if members.get(name) is writer:  # it may have been dropped, with lines of it still unread
        tell([other for other in members if other != name], f"{name}: {line}\n")


def leave(name, writer):
    if members.get(name) is writer:
        del members[name]
        tell(members, f"* {name} left\n")


def tell(names, line):
    """Who has no room for it is dropped, of which the others are told in turn."""
    notices = [(names, line)]
    for names, line in notices:  # grows meanwhile
        full = [name for name in names if name in members and not put(members[name].transport, line)]
        for name in full:
            members.pop(name).transport.abort()
            notices.append((members, f"* {name} was dropped: it does not read\n"))
# end::room[]


# tag::outbox[]
def put(transport, line):
    """Whether there was room for it, besides what is in the kernel's buffers."""
    data = line.encode()
    if transport.get_write_buffer_size() + len(data) > OUTBOX:
        return False
    if not transport.is_closing():  # else it is gone, as all are about to be told
        transport.write(data)
    return True
# end::outbox[]


# tag::close[]
async def main(port):
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


asyncio.run(main(int(sys.argv[1])))
