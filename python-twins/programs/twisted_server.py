"""Listening and stopping, shared by the Twisted programs."""

from twisted.internet import defer, protocol, reactor, task
from twisted.internet.defer import Deferred

GRACE_PERIOD = 3  # seconds


class Server(protocol.Factory):
    """Listens on 127.0.0.1 until SIGINT or SIGTERM, and then closes its connections.

    Each protocol adds itself to connections, with a Deferred that it fires when its connection is lost.
    """

    noisy = False

    def __init__(self, client_class):
        self.protocol = client_class
        self.connections = {}

    # tag::accept[]
    def run(self, port):
        listener = reactor.listenTCP(port, self, backlog=1024, interface="127.0.0.1")
        reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(self.stop(listener)))
        reactor.run()
    # end::accept[]

    # tag::close[]
    async def stop(self, listener):
        await listener.stopListening()
        for connection in self.connections:
            connection.server_stopping()
        all_lost = defer.DeferredList(self.connections.values(), consumeErrors=True)
        await all_lost.addTimeout(GRACE_PERIOD, reactor)
        for connection in self.connections:
            connection.transport.abortConnection()
        while self.connections:  # abortConnection takes effect in the next iteration of the reactor
            await task.deferLater(reactor, 0)
    # end::close[]
