"""A Twisted protocol that is the producer for its own transport. Java counterpart: reactor-netty.

The reactor waits and calls the protocol, so there is no region wait.
"""

import sys

from twisted.internet import interfaces, protocol, reactor
from zope.interface import implementer


@implementer(interfaces.IPushProducer, interfaces.IHalfCloseableProtocol)
class Upper(protocol.Protocol):
    # tag::accept[]
    def connectionMade(self):
        self.transport.setTcpNoDelay(True)
        # Back-pressure: while the output buffer is full, the transport pauses its producer, which then does not read.
        self.transport.registerProducer(self, True)
    # end::accept[]

    # tag::converse[]
    def dataReceived(self, data):
        self.transport.write(data.upper())

    def pauseProducing(self):
        self.transport.pauseProducing()

    def resumeProducing(self):
        self.transport.resumeProducing()
    # end::converse[]

    def stopProducing(self):
        pass

    # tag::close[]
    def readConnectionLost(self):
        self.transport.unregisterProducer()
        self.transport.loseConnection()  # after the buffered output has been sent
    # end::close[]

    def writeConnectionLost(self):
        pass


class Factory(protocol.Factory):
    protocol = Upper
    noisy = False


reactor.listenTCP(int(sys.argv[1]), Factory(), backlog=1024, interface="127.0.0.1")
reactor.run()
