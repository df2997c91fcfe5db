"""The forwarder with Twisted's producers and consumers: each connection is both, for the other. The answer to vertx.

The state is in the two protocols: who is whose other, and who has been told of an end. Back-pressure comes free once
each is registered as the other's producer: a transport with too much to be sent pauses it. Nobody cancels: a connection
that is lost says so, and what that means for the other is written here.
"""

import sys

from twisted.internet import endpoints, error, interfaces, protocol, reactor, task
from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

CONNECT_WITHIN = 1  # second
GRACE_PERIOD = 3  # seconds
TICK = 0.01  # seconds

clients = set()


@implementer(interfaces.IPushProducer, interfaces.IHalfCloseableProtocol)
class End(protocol.Protocol):
    """One of two. Its transport could be the producer itself, but would be closed in order when the other is lost."""

    other = None
    told_of_end = False

    # tag::relay[]
    def relay_to(self, other):
        self.other = other
        other.transport.registerProducer(self, True)
        self.transport.setTcpNoDelay(True)
        self.transport.resumeProducing()

    def dataReceived(self, data):
        self.other.transport.write(data)

    def pauseProducing(self):
        self.transport.pauseProducing()  # the other does not take what it is owed

    def resumeProducing(self):
        self.transport.resumeProducing()

    def stopProducing(self):
        pass  # the other is lost, and says so itself

    def readConnectionLost(self):
        # Nothing more is produced: a producer that is still registered would be resumed, and read the end again.
        self.other.transport.unregisterProducer()
        self.other.transport.loseWriteConnection()  # after what is still to be sent; the other direction goes on

    def writeConnectionLost(self):
        self.told_of_end = True
        if self.other.told_of_end:
            self.transport.loseConnection()
            self.other.transport.loseConnection()
    # end::relay[]

    # tag::close[]
    def connectionLost(self, reason):
        """Unless both directions had ended, one of the two was reset; and so is the other: not FIN, but RST."""
        if self.other and not (self.told_of_end and self.other.told_of_end):
            self.other.transport.abortConnection()
    # end::close[]


class Client(End):
    # tag::accept[]
    def connectionMade(self):
        clients.add(self)
        self.transport.pauseProducing()  # until there is somebody to be told
        upstream = endpoints.TCP4ClientEndpoint(
            reactor, "127.0.0.1", self.factory.upstream_port, timeout=CONNECT_WITHIN
        )
        self.connecting = endpoints.connectProtocol(upstream, End())
        self.connecting.addCallbacks(self.join, self.refused)

    def join(self, upstream):
        upstream.relay_to(self)
        self.relay_to(upstream)

    def refused(self, reason):
        reason.trap(error.ConnectError, error.ConnectingCancelledError, CancelledError)
        self.transport.abortConnection()

    def connectionLost(self, reason):
        clients.discard(self)
        self.connecting.cancel()
        super().connectionLost(reason)
    # end::accept[]


# tag::close[]
async def stop(listener):
    await listener.stopListening()
    until = reactor.seconds() + GRACE_PERIOD
    while clients:
        if reactor.seconds() > until:
            for client in clients:
                client.transport.abortConnection()  # left to the reactor, it would be closed in order
        await task.deferLater(reactor, TICK)
# end::close[]


port, upstream_port, *_ = map(int, sys.argv[1:])
if upstream_port == port:
    sys.exit(f"the upstream 127.0.0.1:{port} is this relay itself; give it another one")
factory = protocol.Factory.forProtocol(Client)
factory.upstream_port = upstream_port
listener = reactor.listenTCP(port, factory, backlog=1024, interface="127.0.0.1")
reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(stop(listener)))
reactor.run()
