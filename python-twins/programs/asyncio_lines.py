"""Conversations in lines, shared by the asyncio programs: framing, refusal and closing."""

import asyncio
import contextlib
import functools
import socket

from asyncio_server import serve

MAX_LINE = 1024  # bytes, without the line ending
LINGER = 1  # second


class Refused(Exception):
    """The request is not valid. The client is sent the message, and its connection is closed."""


# tag::accept[]
async def serve_lines(port, converse):
    """Runs converse(reader, writer) for each client, until SIGINT or SIGTERM."""
    await serve(port, functools.partial(handle_client, converse), MAX_LINE, on_stop=end_input)


async def handle_client(converse, reader, writer):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(converse_and_close(converse, reader, writer))
            # A conversation that awaits something else does not notice that its client resets. Then wait_closed raises
            # OSError, and the task group cancels the conversation.
            group.create_task(writer.wait_closed())
    except* OSError:
        pass  # the client has disconnected
    finally:
        writer.transport.abort()


async def converse_and_close(converse, reader, writer):
    try:
        await converse(reader, writer)
    except Refused as error:
        writer.write(f"error {error}\n".encode())
        writer.write_eof()
        # close() with unread input would send RST, and the client might lose the error line.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while await reader.read(MAX_LINE):
                    pass
    writer.close()  # after the buffered output has been sent


async def read_line(reader):
    """Returns the next line without its line ending, or None at the end of input."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        # The CR of a CRLF does not count, so the longest line may exceed the reader's limit by one byte.
        try:
            line = await reader.readexactly(MAX_LINE + 1)
            if not line.endswith(b"\r") or await reader.readexactly(1) != b"\n":
                raise Refused("line too long")
        except asyncio.IncompleteReadError:
            return None
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")
# end::accept[]


# tag::close[]
def end_input(writer):
    """Makes the server's side see the end of input. Pending requests are still answered."""
    with contextlib.suppress(OSError):  # the client has disconnected
        writer.get_extra_info("socket").shutdown(socket.SHUT_RD)
# end::close[]
