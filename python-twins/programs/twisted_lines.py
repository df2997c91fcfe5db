"""Conversations in lines, shared by the Twisted programs: framing, back-pressure, refusal and closing."""

import contextlib
import socket

from twisted.internet import defer, interfaces, protocol, reactor
from twisted.internet.defer import Deferred
from twisted.python import log
from zope.interface import implementer

MAX_LINE = 1024  # bytes, without the line ending
READ_AHEAD = 16 * MAX_LINE
LINGER = 1  # second


class Refused(Exception):
    """The request is not valid. The client is sent the message, and its connection is closed."""


# tag::accept[]
@implementer(interfaces.IHalfCloseableProtocol)
class LineProtocol(protocol.Protocol):
    """A connection whose received lines a coroutine can await."""

    def __init__(self):
        self.unread = bytearray()
        self.input_ended = False
        self.waiter = None

    async def read_line(self):
        """Returns the next line without its line ending, or None at the end of input."""
        while True:
            end = self.unread.find(b"\n")
            line = self.unread[: end if end >= 0 else MAX_LINE + 2].removesuffix(b"\r")
            if len(line) > MAX_LINE:
                raise Refused("line too long")
            if end >= 0:
                del self.unread[: end + 1]
                return line.decode(errors="replace")
            if self.input_ended:
                return None
            self.transport.resumeProducing()
            await self.state_change()

    def state_change(self):
        """Returns a Deferred that fires at the next notify(). One coroutine may wait at a time."""
        self.waiter = Deferred()
        return self.waiter

    def notify(self):
        if self.waiter:
            waiter, self.waiter = self.waiter, None
            waiter.callback(None)

    def dataReceived(self, data):
        self.unread += data
        # The transport notices a reset only while it reads, so it reads ahead; but not without a bound.
        if len(self.unread) > READ_AHEAD:
            self.transport.pauseProducing()
        self.notify()

    def readConnectionLost(self):
        self.input_ended = True
        self.notify()

    def writeConnectionLost(self):
        pass

    def connectionLost(self, reason):
        self.readConnectionLost()


@implementer(interfaces.IPushProducer)
class Client(LineProtocol):
    """A client of a Server. A subclass defines the coroutine converse()."""

    is_push_producer = True
    write_paused = False

    def connectionMade(self):
        self.factory.connections[self] = Deferred()
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, self.is_push_producer)
        self.conversation = Deferred.fromCoroutine(self.converse_until_refused())
        self.conversation.addErrback(self.conversation_failed).addCallback(self.close)

    async def converse_until_refused(self):
        try:
            await self.converse()
            await self.drain()
        except Refused as error:
            self.write(f"error {error}\n".encode())
            await self.drain()
            self.transport.unregisterProducer()
            self.transport.loseWriteConnection()
            # loseConnection with unread input would send RST, and the client might lose the error line.
            with contextlib.suppress(defer.TimeoutError):
                await Deferred.fromCoroutine(self.discard_input()).addTimeout(LINGER, reactor)

    async def discard_input(self):
        while not self.input_ended:
            self.unread.clear()
            self.transport.resumeProducing()
            await self.state_change()

    # Back-pressure: the transport calls pauseProducing when its buffer is full, and resumeProducing when it is empty.
    def write(self, data):
        self.transport.write(data)

    async def drain(self):
        """Returns when there is room for more."""
        while self.write_paused:
            await self.state_change()

    def pauseProducing(self):
        self.write_paused = True

    def resumeProducing(self):
        self.write_paused = False
        self.notify()

    def stopProducing(self):
        pass
    # end::accept[]

    # tag::close[]
    def conversation_failed(self, reason):
        if self.transport.connected:
            log.err(reason)

    def close(self, _):
        self.transport.unregisterProducer()  # or loseConnection would wait for it
        self.transport.loseConnection()  # after the buffered output has been sent

    def connectionLost(self, reason):
        super().connectionLost(reason)
        self.conversation.cancel()  # this cancels what it awaits, too
        self.factory.connections.pop(self).callback(None)

    def server_stopping(self):
        """Makes the server's side see the end of input. Pending requests are still answered."""
        with contextlib.suppress(OSError):  # the client has disconnected
            self.transport.getHandle().shutdown(socket.SHUT_RD)
    # end::close[]
