"""Chat room with Twisted: each member is a protocol, and has an outbox.

Java counterpart: vertx. The room needs no lock: the reactor calls one protocol at a time, and enter, say and leave
do not await. Twisted's transports do not tell how much they have still to send. So a member keeps its outbox itself. It
is a pull producer: the transport asks for the next line when it has sent the one before.
"""

import collections
import re
import sys

from twisted.internet import interfaces, reactor, task
from zope.interface import implementer

from twisted_lines import Client, Refused
from twisted_server import Server

OUTBOX = 64 * 1024  # bytes

members = {}  # by name, in the order of entering


# tag::room[]
def enter(name, member):
    if not re.fullmatch("[A-Za-z0-9_-]{1,16}", name):
        raise Refused("a name has 1 to 16 letters, digits, - or _")
    if name in members:
        raise Refused(f"{name} is taken")
    send(members.values(), f"* {name} joined\n")
    send([member], f"* you are {name}; here:{''.join(f' {other}' for other in members)}\n")
    members[name] = member


def say(name, member, line):
    if members.get(name) is member:  # a dropped member may still have unread lines
        send([other for other in members.values() if other is not member], f"{name}: {line}\n")


def leave(name, member, reason):
    if members.get(name) is member:
        del members[name]
        send(members.values(), f"* {name} {reason}\n")


def send(recipients, line):
    for member in recipients:
        member.write(line.encode())
# end::room[]


@implementer(interfaces.IPullProducer)
class Member(Client):
    is_push_producer = False

    def __init__(self):
        super().__init__()
        self.outbox = collections.deque()
        self.in_transport = 0  # bytes of the line that the transport is sending
        self.pending = 0  # bytes in the outbox and in the transport
        self.sent = 0  # bytes

    # tag::accept[]
    async def converse(self):
        name = await self.read_line()
        if name is None:
            return
        await drop_stalled_members()
        enter(name, self)
        try:
            while (line := await self.read_line()) is not None:
                await drop_stalled_members()
                say(name, self, line)
        finally:
            leave(name, self, "left")
    # end::accept[]

    # tag::outbox[]
    def write(self, line):
        self.outbox.append(line)
        self.pending += len(line)
        if not self.in_transport:
            self.resumeProducing()

    def resumeProducing(self):
        """Called when the transport has sent its line. With more than one, it would not tell how much is left."""
        self.sent += self.in_transport
        self.pending -= self.in_transport
        self.in_transport = 0
        if self.outbox:
            line = self.outbox.popleft()
            self.in_transport = len(line)
            self.transport.write(line)
        self.notify()

    async def drain(self):
        while self.pending:
            await self.state_change()

    def is_full(self):
        return self.pending >= OUTBOX  # the kernel's buffer does not count
    # end::outbox[]


# tag::outbox[]
async def drop_stalled_members():
    """Drops each member whose outbox is full although the reactor has just tried to write it."""
    while full := {name: (member, member.sent) for name, member in members.items() if member.is_full()}:
        # The first call returns before the reactor polls the sockets, the second one after it.
        await task.deferLater(reactor, 0)
        await task.deferLater(reactor, 0)
        for name, (member, sent) in full.items():
            if member.sent == sent and members.get(name) is member:
                member.transport.abortConnection()
                leave(name, member, "was dropped: it does not read")
# end::outbox[]


# tag::close[]
Server(Member).run(int(sys.argv[1]))
# end::close[]
