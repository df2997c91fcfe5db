"""Slow work beside quick answers, with asyncio's streams, a thread pool and processes. The answer to virtual-threads.

The event loop must not do it. How many may work at a time is for a semaphore to say, where the others wait: a task that
is cancelled leaves that queue. What has begun is cancelled with its conversation: a process is killed, and a thread looks
at a flag, since nothing can interrupt it. The place is given up when the work has ended.
"""

import asyncio
import concurrent.futures
import contextlib
import hashlib
import os
import pathlib
import re
import select
import signal
import socket
import stat
import sys
import threading

WORKERS = 2
QUEUE = 2
GRACE_PERIOD = 3  # seconds
LINGER = 1  # second
MAX_LINE = 1024  # bytes, its end not counted
MAX_TIMES = 10_000_000
CHUNK = 64 * 1024
TICK = 50  # milliseconds between two looks whether the client is gone

HASH = re.compile("hash ([0-9]{1,8}) (.*)", re.DOTALL)
READ = re.compile("read ([A-Za-z0-9_-][A-Za-z0-9._-]*)")

conversations = {}  # the client of each task
threads = concurrent.futures.ThreadPoolExecutor(WORKERS)
places = asyncio.Semaphore(WORKERS)
waiting = set()  # for one


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
            # A task that waits for work does not look at its client. This one fails when the client resets, and
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
            writer.write(f"{await answer(line, writer)}\n".encode())
            await writer.drain()  # who does not read its answers is asked for no more
            await asyncio.sleep(0)  # drain gives way to others only if it has to wait
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


# tag::answer[]
async def answer(line, writer):
    if line == "ping":
        return "pong"
    if (asked := HASH.fullmatch(line)) and 1 <= int(asked[1]) <= MAX_TIMES:
        return await work(writer, hash_of_hash, int(asked[1]), asked[2])
    if asked := READ.fullmatch(line):
        return await work(writer, hash_of_file, folder / asked[1])
    raise Refused("expected ping, hash or read")
# end::answer[]


# tag::work[]
async def work(writer, job, *args):
    if places.locked() and len(waiting) >= QUEUE:
        return "error busy, try later"
    waiting.add(writer)
    try:
        await places.acquire()
    finally:
        waiting.remove(writer)
    if writer.is_closing():  # the client is gone, of which this task is about to hear
        places.release()
        raise ConnectionAbortedError
    try:
        return await job(*args)
    finally:
        places.release()


HASHING = """
import hashlib, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server is the one to hear Ctrl-C
data = bytes.fromhex(sys.argv[2])
for _ in range(int(sys.argv[1])):
    data = hashlib.sha256(data).digest()
print(data.hex(), end="")
"""


async def hash_of_hash(times, text):
    # hashlib lets go of the interpreter's lock for 2,048 bytes and more, and so not for a hash of a hash. Threads would
    # make two no sooner than one after the other, and at each system call of the event loop a ping would wait for the
    # lock, up to 5 ms. A process has its own. A ProcessPoolExecutor would save the 20 ms that it takes to begin one,
    # but its processes stay when the server is killed, and to end one of them is to break the pool.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", HASHING, str(times), text.encode().hex(), stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await process.communicate()
        return output.decode()
    finally:
        if process.returncode is None:  # the client is gone, or the server stops
            process.kill()
            await process.wait()


async def hash_of_file(path):
    # Here a thread will do: it waits for the disk without the lock, and hashes what it has read without it.
    cancelled = threading.Event()
    reading = asyncio.get_running_loop().run_in_executor(threads, hash_of_file_here, path, cancelled)
    try:
        return await asyncio.shield(reading)
    finally:
        cancelled.set()
        await asyncio.wait([reading])


def hash_of_file_here(path, cancelled):
    try:
        # Not what a link leads to outside of the folder. To open a FIFO would wait for its writer, without the flag.
        file = os.open(path if path.resolve().parent == folder.resolve() else "", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return f"error cannot read {path.name}"
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            return f"error cannot read {path.name}"
        digest = hashlib.sha256()
        readable = select.poll()
        readable.register(file, select.POLLIN)
        while not cancelled.is_set():
            if readable.poll(TICK):
                if not (data := os.read(file, CHUNK)):
                    break
                digest.update(data)
        return digest.hexdigest()
    except OSError:
        return f"error cannot read {path.name}"
    finally:
        os.close(file)
# end::work[]


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


folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".")
asyncio.run(main(int(sys.argv[1])))
os._exit(0)  # Python would wait for its threads, and one may wait for who writes to a pipe
