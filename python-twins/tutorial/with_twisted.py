"""Twisted's echo as its documentation has it: the client's FIN closes the connection, and what is unsent is lost."""

import sys

from twisted.internet import protocol, reactor


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())


class EchoFactory(protocol.Factory):
    protocol = Echo
    noisy = False


reactor.listenTCP(int(sys.argv[1]), EchoFactory(), interface="127.0.0.1")
reactor.run()
