"""Slow work beside quick answers, with Twisted's threads and processes. The answer to vertx.

The reactor must not do it. How many may work at a time is for a semaphore to say, whose queue is where the others wait:
one whose client is lost leaves that queue. What has begun is cancelled: a process is killed, and a thread looks at a flag,
since nothing can interrupt it. The place is not given up with the conversation, but when the work has ended.
"""

import contextlib
import hashlib
import os
import pathlib
import re
import select
import socket
import stat
import sys
import threading

from twisted.internet import defer, error, interfaces, protocol, reactor, task
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python import log
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

WORKERS = 2
QUEUE = 2
GRACE_PERIOD = 3  # seconds
LINGER = 1  # second
TICK = 0.01  # seconds
MAX_LINE = 1024  # bytes, its end not counted
READ_AHEAD = 16 * MAX_LINE
MAX_TIMES = 10_000_000
CHUNK = 64 * 1024
LOOK = 50  # milliseconds between two looks whether the client is gone

HASH = re.compile("hash ([0-9]{1,8}) (.*)", re.DOTALL)
READ = re.compile("read ([A-Za-z0-9_-][A-Za-z0-9._-]*)")

clients = set()
places = defer.DeferredSemaphore(WORKERS)
threads = ThreadPool(WORKERS, WORKERS)


class Refused(Exception):
    """Its text says why; after that the connection is closed."""


# tag::accept[]
@implementer(interfaces.IHalfCloseableProtocol)
class Lines(protocol.Protocol):
    """What has come and has not been taken. Twisted pushes; here a coroutine can wait for it."""

    def __init__(self):
        self.unread = bytearray()
        self.ended = False
        self.waiting = None

    async def line(self):
        """The next line; None at the end."""
        while True:
            end = self.unread.find(b"\n")
            line = self.unread[: end if end >= 0 else MAX_LINE + 2].removesuffix(b"\r")
            if len(line) > MAX_LINE:
                raise Refused("line too long")
            if end >= 0:
                del self.unread[: end + 1]
                return line.decode(errors="replace")
            if self.ended:
                return None
            self.transport.resumeProducing()
            await self.news()

    def news(self):
        self.waiting = Deferred()
        return self.waiting

    def tell(self):
        if self.waiting:
            waiting, self.waiting = self.waiting, None
            waiting.callback(None)

    def dataReceived(self, data):
        self.unread += data
        # Read on while a request is answered, or a reset would not be noticed; but not for ever.
        if len(self.unread) > READ_AHEAD:
            self.transport.pauseProducing()
        self.tell()

    def readConnectionLost(self):
        self.ended = True
        self.tell()

    def writeConnectionLost(self):
        pass

    def connectionLost(self, reason):
        self.readConnectionLost()


@implementer(interfaces.IPushProducer)
class Client(Lines):
    full = False

    def connectionMade(self):
        clients.add(self)
        self.transport.setTcpNoDelay(True)
        # The transport tells this end when there is too much to be sent.
        self.transport.registerProducer(self, True)
        self.conversation = Deferred.fromCoroutine(self.converse())
        self.conversation.addErrback(self.failed).addCallback(self.finish)

    async def converse(self):
        try:
            while (line := await self.line()) is not None:
                self.transport.write(f"{await answer(line)}\n".encode())
                while self.full:
                    await self.news()  # who does not read its answers is asked for no more
        except Refused as reason:
            self.transport.write(f"error {reason}\n".encode())
            self.transport.unregisterProducer()
            self.transport.loseWriteConnection()
            # To close while something is unread is to reset, which may overtake what has just been said.
            with contextlib.suppress(defer.TimeoutError):
                await Deferred.fromCoroutine(self.end()).addTimeout(LINGER, reactor)

    async def end(self):
        while not self.ended:
            self.unread.clear()
            self.transport.resumeProducing()
            await self.news()

    def pauseProducing(self):
        self.full = True

    def resumeProducing(self):
        self.full = False
        self.tell()

    def stopProducing(self):
        pass
# end::accept[]

    # tag::close[]
    def failed(self, reason):
        if self.transport.connected:
            log.err(reason)

    def finish(self, _):
        self.transport.unregisterProducer()
        self.transport.loseConnection()  # after what is still to be sent

    def connectionLost(self, reason):
        super().connectionLost(reason)
        clients.discard(self)
        self.conversation.cancel()  # and with it whatever it waits for
    # end::close[]


# tag::answer[]
async def answer(line):
    if line == "ping":
        return "pong"
    if (asked := HASH.fullmatch(line)) and 1 <= int(asked[1]) <= MAX_TIMES:
        return await work(hash_of_hash, int(asked[1]), asked[2])
    if asked := READ.fullmatch(line):
        return await work(hash_of_file, folder / asked[1])
    raise Refused("expected ping, hash or read")
# end::answer[]


# tag::work[]
async def work(begin, *args):
    if not places.tokens and len(places.waiting) >= QUEUE:
        return "error busy, try later"
    await places.acquire()
    try:
        done, cancel = begin(*args)
    except OSError:  # there are no descriptors left for a process
        places.release()
        raise
    # Not the work's own Deferred: to cancel that would look as if the work had ended.
    answer = Deferred()

    def end(result):
        places.release()
        return result

    done.addBoth(end).chainDeferred(answer)
    try:
        return await answer
    except defer.CancelledError:  # the client is gone
        cancel()
        raise


HASHING = """
import hashlib, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server is the one to hear Ctrl-C
data = bytes.fromhex(sys.argv[2])
for _ in range(int(sys.argv[1])):
    data = hashlib.sha256(data).digest()
print(data.hex(), end="")
"""


def hash_of_hash(times, text):
    # hashlib lets go of the interpreter's lock for 2,048 bytes and more, and so not for a hash of a hash. Threads would
    # make two no sooner than one after the other, and at each system call of the reactor a ping would wait for the
    # lock, up to 5 ms. Twisted has no pool of processes: each is begun anew, which takes some 20 ms.
    process = Output()
    arguments = [sys.executable, "-I", "-S", "-c", HASHING, str(times), text.encode().hex()]
    reactor.spawnProcess(process, sys.executable, arguments)
    return process.ended, process.kill


class Output(protocol.ProcessProtocol):
    def __init__(self):
        self.output = b""
        self.ended = Deferred()

    def outReceived(self, data):
        self.output += data

    def processEnded(self, reason):
        self.ended.callback(self.output.decode())

    def kill(self):
        with contextlib.suppress(error.ProcessExitedAlready):
            self.transport.signalProcess("KILL")


def hash_of_file(path):
    # Here a thread will do: it waits for the disk without the lock, and hashes what it has read without it.
    cancelled = threading.Event()
    return deferToThreadPool(reactor, threads, hash_of_file_here, path, cancelled), cancelled.set


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
            if readable.poll(LOOK):
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
async def stop(listener):
    await listener.stopListening()
    for client in clients:
        with contextlib.suppress(OSError):  # gone
            client.transport.getHandle().shutdown(socket.SHUT_RD)  # as if it had finished sending
    until = reactor.seconds() + GRACE_PERIOD
    while clients:
        if reactor.seconds() > until:
            for client in clients:
                client.transport.abortConnection()
        await task.deferLater(reactor, TICK)
# end::close[]


port = int(sys.argv[1])
folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".")
threads.start()
factory = protocol.Factory.forProtocol(Client)
listener = reactor.listenTCP(port, factory, backlog=1024, interface="127.0.0.1")
reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(stop(listener)))
reactor.run()
os._exit(0)  # Python would wait for its threads, and one may wait for who writes to a pipe
