"""Twisted's Protocol, a producer and consumer of itself. The answer to reactor-netty.

The reactor waits, and calls back: there is no region wait.
"""

import sys

from twisted.internet import interfaces, protocol, reactor
from zope.interface import implementer


@implementer(interfaces.IPushProducer, interfaces.IHalfCloseableProtocol)
class Upper(protocol.Protocol):
    # tag::accept[]
    def connectionMade(self):
        self.transport.setTcpNoDelay(True)
        # The transport tells this end when there is too much to be sent, which then reads no more.
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
        self.transport.loseConnection()  # after what is still to be sent
    # end::close[]

    def writeConnectionLost(self):
        pass


class Factory(protocol.Factory):
    protocol = Upper
    noisy = False


reactor.listenTCP(int(sys.argv[1]), Factory(), backlog=1024, interface="127.0.0.1")
reactor.run()
