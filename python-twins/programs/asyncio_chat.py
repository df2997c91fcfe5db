"""Chat room with asyncio streams: one task for each member.

Java counterpart: virtual-threads. The room needs no lock: enter, say and leave do not await. The outbox of a
member is the buffer of its transport. Nothing here drains it: a sender that waits for a slow receiver would be silent
for everyone. So the room checks how full each buffer is, and drops a member that does not read.
"""

import asyncio
import re
import sys

from asyncio_lines import Refused, read_line, serve_lines

OUTBOX = 64 * 1024  # bytes

members = {}  # writers by name, in the order of entering
outbox_check = asyncio.Lock()


# tag::accept[]
async def converse(reader, writer):
    name = await read_line(reader)
    if name is None:
        return
    await drop_stalled_members()
    enter(name, writer)
    try:
        while (line := await read_line(reader)) is not None:
            await drop_stalled_members()
            say(name, writer, line)
    finally:
        leave(name, writer, "left")
# end::accept[]


# tag::room[]
def enter(name, writer):
    if not re.fullmatch("[A-Za-z0-9_-]{1,16}", name):
        raise Refused("a name has 1 to 16 letters, digits, - or _")
    if name in members:
        raise Refused(f"{name} is taken")
    send(members.values(), f"* {name} joined\n")
    send([writer], f"* you are {name}; here:{''.join(f' {other}' for other in members)}\n")
    members[name] = writer


def say(name, writer, line):
    if members.get(name) is writer:  # a dropped member may still have unread lines
        send([other for other in members.values() if other is not writer], f"{name}: {line}\n")


def leave(name, writer, reason):
    if members.get(name) is writer:
        del members[name]
        send(members.values(), f"* {name} {reason}\n")


def send(writers, line):
    for writer in writers:
        if not writer.is_closing():
            writer.write(line.encode())
# end::room[]


# tag::outbox[]
async def drop_stalled_members():
    """Drops each member whose outbox is full although the event loop has just tried to write it."""
    async with outbox_check:  # no other task sends between the attempt and the check
        if any(is_full(writer) for writer in members.values()):
            # The first sleep returns before the loop calls back the sockets that are ready, the second one after it.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for name, writer in list(members.items()):
                if is_full(writer):
                    writer.transport.abort()
                    leave(name, writer, "was dropped: it does not read")


def is_full(writer):
    return writer.transport.get_write_buffer_size() >= OUTBOX  # the kernel's buffer does not count
# end::outbox[]


# tag::close[]
asyncio.run(serve_lines(int(sys.argv[1]), converse))
# end::close[]
