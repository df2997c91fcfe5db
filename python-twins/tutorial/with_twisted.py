"""The echo server of Twisted's documentation: the client's FIN closes the connection, and unsent output is lost.

The reactor waits and calls the protocol, so there is no region wait. The end of the connection is not handled, so
there is no region close.
"""

import sys

from twisted.internet import protocol, reactor


class Echo(protocol.Protocol):
    # tag::converse[]
    def dataReceived(self, data):
        self.transport.write(data.upper())
    # end::converse[]


# tag::accept[]
class EchoFactory(protocol.Factory):
    protocol = Echo
    noisy = False
# end::accept[]


reactor.listenTCP(int(sys.argv[1]), EchoFactory(), interface="127.0.0.1")
reactor.run()
