"""TCP relay with Twisted: two protocols, each of which is the producer for the other's transport.

Java counterpart: vertx. Back-pressure comes from the registration as a producer: a transport whose buffer is full
pauses its producer. Nothing is cancelled: connectionLost is called, and has to reset the peer.
"""

import sys

from twisted.internet import endpoints, error, interfaces, protocol, reactor
from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from twisted_server import Server

CONNECT_TIMEOUT = 1  # second


@implementer(interfaces.IPushProducer, interfaces.IHalfCloseableProtocol)
class RelayProtocol(protocol.Protocol):
    """One of the two connections.

    A transport can be a producer, too, but Twisted closes it with FIN when its consumer is lost. This one resets.
    """

    peer = None
    output_shutdown = False

    # tag::relay[]
    def relay_to(self, peer):
        self.peer = peer
        peer.transport.registerProducer(self, True)
        self.transport.setTcpNoDelay(True)
        self.transport.resumeProducing()

    def dataReceived(self, data):
        self.peer.transport.write(data)

    def pauseProducing(self):
        self.transport.pauseProducing()  # back-pressure: the peer's buffer is full

    def resumeProducing(self):
        self.transport.resumeProducing()

    def stopProducing(self):
        pass  # the peer's connectionLost does what is necessary

    def readConnectionLost(self):
        # A producer that is still registered would be resumed, and would read the end of input again.
        self.peer.transport.unregisterProducer()
        self.peer.transport.loseWriteConnection()  # half-close, after the buffered output; the other direction goes on

    def writeConnectionLost(self):
        self.output_shutdown = True
        if self.is_complete():
            self.transport.loseConnection()
            self.peer.transport.loseConnection()

    def is_complete(self):
        return self.output_shutdown and self.peer.output_shutdown
    # end::relay[]

    # tag::close[]
    def connectionLost(self, reason):
        if self.peer and not self.is_complete():
            self.peer.transport.abortConnection()  # RST, as FIN would make a truncated stream look complete
    # end::close[]


class Client(RelayProtocol):
    # tag::accept[]
    def connectionMade(self):
        self.factory.connections[self] = Deferred()
        self.transport.pauseProducing()  # until the upstream is connected
        upstream = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", upstream_port, timeout=CONNECT_TIMEOUT)
        self.connecting = endpoints.connectProtocol(upstream, RelayProtocol())
        self.connecting.addCallbacks(self.connected_to, self.connect_failed)

    def connected_to(self, upstream):
        upstream.relay_to(self)
        self.relay_to(upstream)

    def connect_failed(self, reason):
        reason.trap(error.ConnectError, error.ConnectingCancelledError, CancelledError)
        self.transport.abortConnection()

    def connectionLost(self, reason):
        self.connecting.cancel()
        super().connectionLost(reason)
        self.factory.connections.pop(self).callback(None)
    # end::accept[]

    # tag::close[]
    def server_stopping(self):
        pass  # open relays go on until the grace period ends
    # end::close[]


port, upstream_port = map(int, sys.argv[1:3])
if upstream_port == port:
    sys.exit(f"the upstream 127.0.0.1:{port} is this relay itself; give another port")
Server(Client).run(port)
