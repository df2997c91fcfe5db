"""An HTTP server with Twisted Web: a tree of resources, and producers for long responses.

Java counterpart: vertx-rxjava. A producer is asked for the next part when the connection takes more: that is the
back-pressure of a response. Twisted Web stores the content of a request, in a file if it is long, before a resource
sees the request. So a response cannot begin earlier, and there is none for uploads.
"""

import functools
import os
import re
import sys

from twisted.internet import interfaces, reactor, task
from twisted.internet.defer import Deferred
from twisted.web import http, resource, server, static
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from http_content import (
    DELAY, FILE_NAME, HEAD_LIMIT, LENGTH, PART, SINK_LIMIT, flood, interval, is_one_host, regular_file)
from twisted_server import Server


# tag::accept[]
class Request(server.Request):
    complete = False

    def process(self):
        self.complete = True
        status = self.refusal()
        if status:
            self.clientproto = b"HTTP/1.1"
            self.setResponseCode(status)
            self.setHeader(b"Content-Length", b"0")
            self.finish()
        else:
            self.path = re.sub(b"^https?://[^/]*", b"", self.path)  # Twisted takes an absolute target for a path
            super().process()

    def refusal(self):
        """Returns a status for what Twisted does not check, or None."""
        if self.clientproto not in (b"HTTP/1.0", b"HTTP/1.1"):
            return 505
        hosts = [each.decode("latin1") for each in self.requestHeaders.getRawHeaders(b"Host", [])]
        return 400 if self.clientproto == b"HTTP/1.1" and not is_one_host(hosts) else None


@implementer(interfaces.IHalfCloseableProtocol)
class Channel(http.HTTPChannel):
    """A connection. Its time limit is for the whole head of a request, not for each line."""

    input_ended = False

    def connectionMade(self):
        self.factory.connections[self] = Deferred()
        super().connectionMade()

    def connectionLost(self, reason):
        self.factory.connections.pop(self).callback(None)
        super().connectionLost(reason)

    def resetTimeout(self):
        pass

    def lineLengthExceeded(self, line):
        self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n")
        self.loseConnection()

    def allHeadersReceived(self):
        self.setTimeout(None)
        super().allHeadersReceived()

    def checkPersistence(self, request, version):
        """Also finds close in a second field Connection."""
        options = b",".join(request.requestHeaders.getRawHeaders(b"Connection", []))
        if b"close" in [option.strip() for option in options.lower().split(b",")]:
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return super().checkPersistence(request, version)

    def requestDone(self, request):
        self.setTimeout(HEAD_LIMIT)
        super().requestDone(request)  # begins with the next request, if it has arrived
        self.close_after_input()

    def readConnectionLost(self):
        self.input_ended = True
        self.close_after_input()

    def writeConnectionLost(self):
        pass

    def close_after_input(self):
        if self.input_ended and not any(request.complete for request in self.requests):
            self.loseConnection()
# end::accept[]

    # tag::close[]
    def server_stopping(self):
        """Ends the connection after the responses to the requests that have begun to arrive."""
        self.persistent = False
        for request in self.requests:
            request.setHeader(b"Connection", b"close")
        for ticker in [each for each in tickers if each.request in self.requests]:
            ticker.finish()
        if not self.requests:
            self.loseConnection()
    # end::close[]


class HttpServer(Server, server.Site):
    def __init__(self, root):
        server.Site.__init__(self, root, requestFactory=Request, timeout=HEAD_LIMIT)
        Server.__init__(self, Channel)


class Branch(resource.Resource):
    """Has a child for each path segment that matches."""

    def __init__(self, pattern, child):
        super().__init__()
        self.pattern, self.child = pattern, child

    def getChild(self, name, request):
        name = name.decode("latin1")
        return self.child(name) if re.fullmatch(self.pattern, name) else Status(404)


class Status(resource.Resource):
    def __init__(self, status):
        super().__init__()
        self.status = status

    def render(self, request):
        request.setResponseCode(self.status)
        if self.status != http.NO_CONTENT:
            return http.RESPONSES[self.status] + b"\n"
        request.finish()  # for b"" Twisted would send Content-Length, which 204 must not have
        return NOT_DONE_YET


class Hello(resource.Resource):
    def render_GET(self, request):
        return b"hello\n"


class Slow(resource.Resource):
    def __init__(self, millis):
        super().__init__()
        self.delay = int(millis) / 1000

    def render_GET(self, request):
        request.setHeader(b"Content-Length", b"5")
        timer = reactor.callLater(self.delay, self.answer, request)
        request.notifyFinish().addErrback(lambda _: timer.active() and timer.cancel())  # the client has gone
        return NOT_DONE_YET

    def answer(self, request):
        request.write(b"slow\n")
        request.finish()


# tag::upload[]
class Upload(resource.Resource):
    allowedMethods = (b"PUT",)
    render_HEAD = None  # or HEAD would be tried by render_GET


class Upper(Upload):
    allowedMethods = (b"POST",)

    def render_POST(self, request):
        if length := request.getHeader(b"Content-Length"):
            request.setHeader(b"Content-Length", length)
        parts = iter(functools.partial(request.content.read, PART), b"")
        return Producer(request, (part.upper() for part in parts)).start()


class Sink(Upload):
    def render_PUT(self, request):
        too_long = request.content.seek(0, os.SEEK_END) > SINK_LIMIT
        return Status(413 if too_long else 204).render(request)


class Deny(Upload):
    def render_PUT(self, request):
        return Status(403).render(request)
# end::upload[]


# tag::download[]
@implementer(interfaces.IPullProducer)
class Producer:
    """Writes the next part of a response whenever the connection has sent the part before it."""

    def __init__(self, request, parts):
        self.request, self.parts = request, parts

    def start(self):
        self.request.registerProducer(self, False)
        return NOT_DONE_YET

    def resumeProducing(self):
        part = next(self.parts, None)
        if part is not None:
            self.request.write(part)
        else:
            self.request.unregisterProducer()
            self.request.finish()

    def stopProducing(self):
        pass


class Download(resource.Resource):
    def __init__(self, length):
        super().__init__()
        self.length = int(length)

    def render_GET(self, request):
        if not request.uri.endswith(b"?chunked"):
            request.setHeader(b"Content-Length", b"%d" % self.length)
        return Producer(request, flood(self.length if request.method == b"GET" else 0)).start()
# end::download[]


# tag::events[]
class Ticker(resource.Resource):
    def render_GET(self, request):
        pause = interval(request.args.get(b"ms", [b"1000"])[0].decode("latin1"))
        if pause is None:
            return Status(400).render(request)
        request.setHeader(b"Content-Type", b"text/event-stream")
        if request.method == b"HEAD":
            request.finish()
        else:
            Events(request, pause)
        return NOT_DONE_YET


@implementer(interfaces.IPushProducer)
class Events:
    """Writes an event in each interval, unless the client does not read."""

    number = 0
    paused = False

    def __init__(self, request, pause):
        self.request = request
        request.registerProducer(self, True)
        tickers.add(self)
        timer = task.LoopingCall(self.tick)
        timer.start(pause)
        request.notifyFinish().addBoth(lambda _: (timer.stop(), tickers.discard(self)))

    def tick(self):
        if not self.paused:
            self.number += 1
            self.request.write(b"data: %d\n\n" % self.number)

    def finish(self):
        self.request.unregisterProducer()
        self.request.finish()

    def pauseProducing(self):
        self.paused = True

    def resumeProducing(self):
        self.paused = False

    def stopProducing(self):
        pass
# end::events[]


# tag::file[]
def file(name):
    path = regular_file(folder, name)
    return static.File(path) if path else Status(404)
# end::file[]


# tag::close[]
port, folder = int(sys.argv[1]), sys.argv[2]
tickers = set()
root = resource.Resource()
for name, child in {
        b"hello": Hello(), b"slow": Branch(DELAY, Slow), b"upper": Upper(), b"sink": Sink(), b"deny": Deny(),
        b"bytes": Branch(LENGTH, Download), b"ticker": Ticker(), b"files": Branch(FILE_NAME, file)}.items():
    root.putChild(name, child)
HttpServer(root).run(port)
# end::close[]
