"""The room with Twisted's protocols: each member is one, and has its outbox. The answer to vertx.

The reactor calls one protocol at a time, so the room needs no lock. Twisted's transports do not say how much they have
still to send; so what waits is kept here, and the transport, to which this is a pull producer, takes a line when it has
passed on the one before.
"""

import collections
import contextlib
import re
import socket
import sys

from twisted.internet import interfaces, protocol, reactor, task
from twisted.internet.defer import Deferred
from zope.interface import implementer

OUTBOX = 64 * 1024  # bytes
GRACE_PERIOD = 3  # seconds
LINGER = 1  # second
TICK = 0.01  # seconds
MAX_LINE = 1024  # bytes, its end not counted

clients = set()
members = {}  # by name, in the order in which they came


# tag::room[]
def enter(name, member):
    """Why not; None if it is in, and all have been told."""
    if not re.fullmatch("[A-Za-z0-9_-]{1,16}", name):
        return "a name has 1 to 16 letters, digits, - or _"
    if name in members:
        return f"{name} is taken"
    tell(members, f"* {name} joined\n")
    here = "".join(f" {other}" for other in members)
    members[name] = member
    tell([name], f"* you are {name}; here:{here}\n")


def say(name, member, line):
    if members.get(name) is member:  # it may have been dropped, with lines of it still to come
        tell([other for other in members if other != name], f"{name}: {line}\n")


def leave(name, member):
    if members.get(name) is member:
        del members[name]
        tell(members, f"* {name} left\n")


def tell(names, line):
    """Who has no room for it is dropped, of which the others are told in turn."""
    notices = [(names, line)]
    for names, line in notices:  # grows meanwhile
        full = [name for name in names if name in members and not members[name].put(line.encode())]
        for name in full:
            members.pop(name).transport.abortConnection()
            notices.append((members, f"* {name} was dropped: it does not read\n"))
# end::room[]


@implementer(interfaces.IPullProducer, interfaces.IHalfCloseableProtocol)
class Client(protocol.Protocol):
    # tag::accept[]
    def connectionMade(self):
        clients.add(self)
        self.name = None
        self.begun = b""  # a line
        self.refused = False
        self.ended = False
        self.closing = None
        self.outbox = collections.deque()
        self.handed_over = 0  # bytes, the line that the transport has
        self.owed = 0  # bytes, that line included
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, False)

    def dataReceived(self, data):
        if not self.refused:
            *lines, self.begun = (self.begun + data).split(b"\n")
            for line in lines:
                self.hear(line.removesuffix(b"\r"))
            if len(self.begun.removesuffix(b"\r")) > MAX_LINE:
                self.refuse("line too long")

    def hear(self, line):
        if self.refused:
            return
        if len(line) > MAX_LINE:
            self.refuse("line too long")
            return
        text = line.decode(errors="replace")
        if self.name is not None:
            say(self.name, self, text)
        elif reason := enter(text, self):
            self.refuse(reason)
        else:
            self.name = text
    # end::accept[]

    # tag::outbox[]
    def put(self, line):
        """Whether there was room for it, besides what is in the kernel's buffers."""
        if self.owed + len(line) > OUTBOX:
            return False
        self.outbox.append(line)
        self.owed += len(line)
        if not self.handed_over:
            self.resumeProducing()
        return True

    def resumeProducing(self):
        """The transport has nothing to send: the next line. Of more than one it could not be told how much is left."""
        self.owed -= self.handed_over
        self.handed_over = 0
        if self.outbox:
            line = self.outbox.popleft()
            self.handed_over = len(line)
            self.transport.write(line)
        elif self.refused or self.ended:
            self.finish()

    def stopProducing(self):
        pass
    # end::outbox[]

    # tag::close[]
    def refuse(self, reason):
        if not self.refused:
            leave(self.name, self)
            self.refused = True
            line = f"error {reason}\n".encode()
            self.outbox.append(line)
            self.owed += len(line)
            if not self.handed_over:
                self.resumeProducing()

    def readConnectionLost(self):
        """It has finished sending, but is still given what it is owed."""
        leave(self.name, self)
        self.ended = True
        if not self.handed_over:
            self.finish()

    def finish(self):
        self.transport.unregisterProducer()
        if self.ended:
            self.transport.loseConnection()
        elif self.closing is None:
            # To close while something is unread is to reset, which may overtake what has just been said.
            self.transport.loseWriteConnection()
            self.closing = reactor.callLater(LINGER, self.transport.loseConnection)

    def writeConnectionLost(self):
        pass

    def connectionLost(self, reason):
        leave(self.name, self)
        clients.discard(self)
        if self.closing is not None and self.closing.active():
            self.closing.cancel()


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


factory = protocol.Factory.forProtocol(Client)
listener = reactor.listenTCP(int(sys.argv[1]), factory, backlog=1024, interface="127.0.0.1")
reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(stop(listener)))
reactor.run()
