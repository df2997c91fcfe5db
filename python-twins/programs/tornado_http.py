"""An HTTP server with Tornado: one handler object for each request, and one coroutine for each connection.

Java counterpart: vertx. Tornado calls a handler with each part of the content as it arrives, and reads on when the
coroutine data_received has returned. So awaiting flush there is the back-pressure.
"""

import asyncio
import contextlib
import logging
import os
import re
import signal
import sys

from tornado import httpserver, iostream, netutil, web

from http_content import (
    DELAY, FILE_NAME, GRACE_PERIOD, HEAD_LIMIT, LENGTH, LINGER, PART, SINK_LIMIT, flood, interval, is_one_host,
    regular_file)

answering = set()  # the streams of the connections whose request is being answered
stopping = asyncio.Event()


# tag::accept[]
class Handler(web.RequestHandler):
    allowed = "GET, HEAD"

    def initialize(self):
        self.gone = asyncio.Event()
        self.stream = self.request.connection.stream
        answering.add(self.stream)

    def set_default_headers(self):
        if stopping.is_set():
            self.set_header("Connection", "close")

    def prepare(self):
        if self.request.version != "HTTP/1.0" and not is_one_host(self.request.headers.get_list("Host")):
            raise web.HTTPError(400)  # Tornado does not check Host

    def write_error(self, status_code, **kwargs):
        if status_code == 405:
            self.set_header("Allow", self.allowed)
        self.finish()

    def on_connection_close(self):
        super().on_connection_close()
        self.gone.set()
        answering.discard(self.stream)

    def on_finish(self):
        answering.discard(self.stream)

    def log_exception(self, kind, error, traceback):
        if not isinstance(error, iostream.StreamClosedError):  # or else the client has gone
            super().log_exception(kind, error, traceback)

    async def pause(self, seconds, *events):
        """Waits, but no longer than until the client has gone, or one of the events has happened."""
        waiters = [asyncio.create_task(event.wait()) for event in (self.gone, *events)]
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()


class NotFound(Handler):
    def prepare(self):
        raise web.HTTPError(404)


class Hello(Handler):
    def get(self):
        self.finish("hello\n")

    head = get


class Slow(Handler):
    async def get(self, millis):
        await self.pause(int(millis) / 1000)
        self.finish("slow\n")

    head = get
# end::accept[]


# tag::upload[]
@web.stream_request_body
class Upload(Handler):
    allowed = "PUT"
    received = 0
    refused = False

    async def prepare(self):
        super().prepare()
        # Tornado would send 100 Continue after a response that has begun, and to clients of HTTP/1.0.
        self.expected = self.request.headers.pop("Expect", "") and self.request.version != "HTTP/1.0"
        if self.request.method == self.allowed:  # otherwise Tornado answers when the content has ended
            self.request.connection.set_max_body_size(sys.maxsize)
            await self.begin()

    def send_continue(self):
        if self.expected:
            self.stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def refuse(self, status):
        """Responds, and discards the rest of the content: finish would close the connection at once, with RST."""
        self.refused = True
        self.set_status(status)
        self.set_header("Content-Length", 0)
        timer = asyncio.get_running_loop().call_later(LINGER, self.stream.close)
        self.on_finish = lambda: (timer.cancel(), super().on_finish())
        await self.flush()

    def put(self):
        if not self.refused:
            self.set_status(204)


class Deny(Upload):
    async def begin(self):
        await self.refuse(403)

    def data_received(self, part):
        pass


class Sink(Upload):
    async def begin(self):
        if int(self.request.headers.get("Content-Length", 0)) > SINK_LIMIT:
            await self.refuse(413)
        else:
            self.send_continue()

    async def data_received(self, part):
        self.received += len(part)
        if self.received > SINK_LIMIT and not self.refused:
            await self.refuse(413)


class Upper(Upload):
    allowed = "POST"

    async def begin(self):
        self.send_continue()
        if "Content-Length" in self.request.headers:
            self.set_header("Content-Length", self.request.headers["Content-Length"])
        await self.flush()

    async def data_received(self, part):
        with contextlib.suppress(iostream.StreamClosedError):
            self.write(part.upper())
            await self.flush()

    def post(self):
        pass
# end::upload[]


# tag::download[]
class Download(Handler):
    async def get(self, length):
        if self.request.query != "chunked":
            self.set_header("Content-Length", length)
        await self.flush()
        for part in flood(int(length) if self.request.method == "GET" else 0):
            self.write(part)
            await self.flush()

    head = get
# end::download[]


# tag::events[]
class Ticker(Handler):
    async def get(self):
        pause = interval(self.get_query_argument("ms", "1000"))
        if pause is None:
            raise web.HTTPError(400)
        self.set_header("Content-Type", "text/event-stream")
        await self.flush()
        number = 0
        while self.request.method == "GET" and not stopping.is_set():
            number += 1
            self.write(f"data: {number}\n\n")
            await self.flush()
            await self.pause(pause, stopping)

    head = get
# end::events[]


# tag::file[]
class File(Handler):
    async def get(self, name):
        path = await asyncio.to_thread(regular_file, folder, name)
        if path is None:
            raise web.HTTPError(404)
        with await asyncio.to_thread(open, path, "rb") as content:
            left = os.fstat(content.fileno()).st_size
            self.set_header("Content-Length", left)
            await self.flush()
            while self.request.method == "GET" and left > 0:
                part = await asyncio.to_thread(content.read, min(left, PART))
                left -= len(part) or left  # finish fails if the file has become shorter
                self.write(part)
                await self.flush()

    head = get
# end::file[]


# tag::close[]
class Routes(web.Application):
    def find_handler(self, request, **kwargs):
        request.path = re.sub("^https?://[^/]*", "", request.path)  # Tornado takes an absolute target for a path
        return super().find_handler(request, **kwargs)


class Server(httpserver.HTTPServer):
    """Knows its connections, to end those without a request when it stops."""

    streams = set()

    def handle_stream(self, stream, address):
        self.streams.add(stream)
        super().handle_stream(stream, address)

    def on_close(self, connection):
        self.streams.discard(connection.stream)
        super().on_close(connection)


async def serve():
    routes = [
        ("/hello", Hello), (f"/slow/({DELAY})", Slow), ("/upper", Upper), ("/sink", Sink), ("/deny", Deny),
        (f"/bytes/({LENGTH})", Download), ("/ticker", Ticker), (f"/files/({FILE_NAME})", File)]
    app = Routes(routes, default_handler_class=NotFound, log_function=lambda handler: None)
    server = Server(app, idle_connection_timeout=HEAD_LIMIT, max_body_size=SINK_LIMIT)
    server.add_sockets(netutil.bind_sockets(port, "127.0.0.1", backlog=1024))
    loop = asyncio.get_running_loop()
    for signal_number in signal.SIGINT, signal.SIGTERM:
        loop.add_signal_handler(signal_number, stopping.set)
    await stopping.wait()
    server.stop()
    deadline = loop.time() + GRACE_PERIOD
    while server.streams and loop.time() < deadline:
        for stream in server.streams - answering:
            if not stream.writing():
                stream.close()
        await asyncio.sleep(0.02)
    await server.close_all_connections()
# end::close[]


logging.getLogger("tornado.general").setLevel(logging.CRITICAL)  # malformed requests would fill a log
port, folder = int(sys.argv[1]), sys.argv[2]
asyncio.run(serve())
