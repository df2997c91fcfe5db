"""Long tasks beside quick answers, with asyncio streams, a thread pool and processes.

Java counterpart: virtual-threads. Long tasks must not run on the event loop. A semaphore limits how many run at a
time; a task that is cancelled leaves its queue. A running process is killed, and a running thread checks an event,
because a thread cannot be interrupted. The semaphore is released when the work has really ended.
"""

import asyncio
import concurrent.futures
import os
import pathlib
import sys
import threading

from asyncio_lines import Refused, read_line, serve_lines
from offload_tasks import HASH_REQUEST, MAX_ROUNDS, QUEUE, READ_REQUEST, WORKERS, hash_command, hash_file

threads = concurrent.futures.ThreadPoolExecutor(WORKERS)
workers = asyncio.Semaphore(WORKERS)
queued = set()


# tag::accept[]
async def converse(reader, writer):
    writer.transport.set_write_buffer_limits(0)
    while (line := await read_line(reader)) is not None:
        writer.write(f"{await answer(line, writer)}\n".encode())
        await writer.drain()  # back-pressure: no next request until the client has taken the answer
        await asyncio.sleep(0)  # neither drain nor read_line yields to other tasks if it need not wait
# end::accept[]


# tag::answer[]
async def answer(request, writer):
    if request == "ping":
        return "pong"
    if (match := HASH_REQUEST.fullmatch(request)) and 1 <= int(match[1]) <= MAX_ROUNDS:
        return await run(writer, hash_in_process, int(match[1]), match[2])
    if match := READ_REQUEST.fullmatch(request):
        return await run(writer, hash_in_thread, folder / match[1])
    raise Refused("expected ping, hash or read")
# end::answer[]


# tag::work[]
async def run(writer, task, *args):
    if workers.locked() and len(queued) >= QUEUE:
        return "error busy, try later"
    queued.add(writer)
    try:
        await workers.acquire()
    finally:
        queued.remove(writer)
    try:
        if writer.is_closing():  # the client has disconnected, but this task is not cancelled yet
            raise ConnectionAbortedError
        return await task(*args)
    finally:
        workers.release()


async def hash_in_process(rounds, text):
    # Starting a process takes about 20 ms. A ProcessPoolExecutor would save that, but its processes survive if the
    # server is killed, and killing one of them breaks the pool.
    process = await asyncio.create_subprocess_exec(*hash_command(rounds, text), stdout=asyncio.subprocess.PIPE)
    try:
        output, _ = await process.communicate()
        return output.decode()
    finally:
        if process.returncode is None:  # cancelled
            process.kill()
            await process.wait()


async def hash_in_thread(path):
    cancelled = threading.Event()
    work = asyncio.get_running_loop().run_in_executor(threads, hash_file, path, cancelled)
    try:
        return await asyncio.shield(work)
    finally:
        cancelled.set()
        await asyncio.wait([work])  # the thread is busy until it has checked the event
# end::work[]


# tag::close[]
port = int(sys.argv[1])
folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".")
asyncio.run(serve_lines(port, converse))
os._exit(0)  # the interpreter would join the threads, and one may still read a FIFO
# end::close[]
