"""Long tasks beside quick answers, with Twisted's threads and processes.

Java counterpart: vertx. Long tasks must not run on the reactor's thread. A semaphore limits how many run at a
time; a client that disconnects leaves its queue. A running process is killed, and a running thread checks an event,
because a thread cannot be interrupted. The semaphore is released when the work has really ended.
"""

import contextlib
import os
import pathlib
import sys
import threading

from twisted.internet import defer, error, protocol, reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from offload_tasks import HASH_REQUEST, MAX_ROUNDS, QUEUE, READ_REQUEST, WORKERS, hash_command, hash_file
from twisted_lines import Client, Refused
from twisted_server import Server

workers = defer.DeferredSemaphore(WORKERS)
threads = ThreadPool(WORKERS, WORKERS)


# tag::accept[]
class OffloadClient(Client):
    async def converse(self):
        while (line := await self.read_line()) is not None:
            self.write(f"{await answer(line)}\n".encode())
            await self.drain()  # back-pressure: no next request until the client has taken the answer
# end::accept[]


# tag::answer[]
async def answer(request):
    if request == "ping":
        return "pong"
    if (match := HASH_REQUEST.fullmatch(request)) and 1 <= int(match[1]) <= MAX_ROUNDS:
        return await run(hash_in_process, int(match[1]), match[2])
    if match := READ_REQUEST.fullmatch(request):
        return await run(hash_in_thread, folder / match[1])
    raise Refused("expected ping, hash or read")
# end::answer[]


# tag::work[]
async def run(start, *args):
    if not workers.tokens and len(workers.waiting) >= QUEUE:
        return "error busy, try later"
    await workers.acquire()
    try:
        work, cancel = start(*args)
    except OSError:  # out of file descriptors
        workers.release()
        raise
    # Not awaited itself: if the client disconnects, the awaited Deferred is cancelled, but the work has not ended yet.
    result = Deferred()
    work.addBoth(release_worker).chainDeferred(result)
    try:
        return await result
    except defer.CancelledError:
        cancel()
        raise


def release_worker(result):
    workers.release()
    return result


def hash_in_process(rounds, text):
    # Starting a process takes about 20 ms, but Twisted has no pool of processes.
    process = HashProcess()
    command = hash_command(rounds, text)
    reactor.spawnProcess(process, command[0], command)
    return process.output, process.kill


class HashProcess(protocol.ProcessProtocol):
    def __init__(self):
        self.received = b""
        self.output = Deferred()

    def outReceived(self, data):
        self.received += data

    def processEnded(self, reason):
        self.output.callback(self.received.decode())

    def kill(self):
        with contextlib.suppress(error.ProcessExitedAlready):
            self.transport.signalProcess("KILL")


def hash_in_thread(path):
    cancelled = threading.Event()
    return deferToThreadPool(reactor, threads, hash_file, path, cancelled), cancelled.set
# end::work[]


# tag::close[]
port = int(sys.argv[1])
folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".")
threads.start()
Server(OffloadClient).run(port)
os._exit(0)  # the interpreter would join the threads, and one may still read a FIFO
# end::close[]
