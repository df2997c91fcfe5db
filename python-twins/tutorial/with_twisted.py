"""Twisted's echo as its documentation has it: the client's FIN closes the connection, and what is unsent is lost.

The reactor waits, and calls back: there is no region wait. Nothing is said of the end, so there is no region close.
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
