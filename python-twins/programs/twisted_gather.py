"""Several backends at once, with Twisted's Deferreds in coroutines. The answer to vertx-rxjava.

A Deferred is cancelled from outside, and passes that on to what it waits for: a coroutine to what it awaits, a list to
all of its members. So a client that is lost has to cancel its conversation only. But to pass it on is all that it does:
whoever has begun something has to see to it that it ends.
"""

import contextlib
import socket
import sys

from twisted.internet import defer, endpoints, error, interfaces, protocol, reactor, task
from twisted.internet.defer import Deferred
from twisted.python import log
from zope.interface import implementer

BACK_OFF = 0.1  # seconds
GRACE_PERIOD = 3  # seconds
LINGER = 1  # second
TICK = 0.01  # seconds
MAX_LINE = 1024  # bytes, its end not counted
READ_AHEAD = 16 * MAX_LINE

backend_ports = []
clients = set()


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
                self.transport.write((await answer(line)).encode())
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


# tag::ask[]
async def ask(port, text):
    """The line that a backend answers with; None if it fails."""
    backend = Lines()
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port)
    try:
        await endpoints.connectProtocol(endpoint, backend)
    except error.ConnectError:
        return None
    except error.ConnectingCancelledError:
        raise defer.CancelledError from None  # as it is called everywhere else, by addTimeout too
    try:
        backend.transport.write(f"{text}\n".encode())
        line = await backend.line()
    except Refused:
        return None
    finally:
        backend.transport.loseConnection()  # it has answered, or is not wanted any more
    return None if line is None or line.startswith("error") else line


async def ask_in_time(port, text):
    try:
        line = await Deferred.fromCoroutine(ask(port, text)).addTimeout(patience, reactor)
    except defer.TimeoutError:
        return "late\n"
    return "failed\n" if line is None else f"ok {line}\n"


def race(text):
    """Fires with the first good answer, or None if there is none.

    A DeferredList that fires on the first would leave the others at work; and cancelled, it fires as if all had failed.
    """
    asked = [Deferred.fromCoroutine(ask(port, text)) for port in backend_ports]
    failed = []

    def cancel_all(passed_on):
        for each in asked:
            each.cancel()
        return passed_on

    def settle(line):
        if line is None:
            failed.append(line)
        if not winner.called and (line is not None or len(failed) == len(asked)):
            winner.callback(line)

    winner = Deferred(cancel_all)
    for each in asked:
        each.addCallbacks(settle, lambda reason: reason.trap(defer.CancelledError))
    return winner.addCallback(cancel_all)
# end::ask[]


# tag::answer[]
async def answer(line):
    kind, space, text = line.partition(" ")
    if kind == "all" and space:
        asked = [Deferred.fromCoroutine(ask_in_time(port, text)) for port in backend_ports]
        return "".join(await defer.gatherResults(asked, consumeErrors=True))
    if kind == "first" and space:
        try:
            line = await Deferred.fromCoroutine(first(text)).addTimeout(patience, reactor)
        except defer.TimeoutError:
            return "late\n"
        return "failed\n" if line is None else f"ok {line}\n"
    raise Refused("expected all or first")


async def first(text):
    line = await race(text)
    if line is None:
        await task.deferLater(reactor, BACK_OFF)
        line = await race(text)
    return line
# end::answer[]


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


port, millis, *backend_ports = map(int, sys.argv[1:])
patience = millis / 1000
factory = protocol.Factory.forProtocol(Client)
listener = reactor.listenTCP(port, factory, backlog=1024, interface="127.0.0.1")
reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(stop(listener)))
reactor.run()
