"""An HTTP server with aiohttp: one coroutine for each request.

Java counterpart: virtual-threads. Each await is a place where a thread would block: write waits while the client does
not read, and the next part of the content is read when the part before it has been written. aiohttp reads on after a
response that has not waited for the content of its request.
"""

import asyncio
import contextlib
import logging
import signal
import sys

from aiohttp import http_exceptions, web

from http_content import (
    DELAY, FILE_NAME, GRACE_PERIOD, HEAD_LIMIT, LENGTH, SINK_LIMIT, flood, interval, is_one_host, regular_file)

routes = web.RouteTableDef()
unused = {}  # the connections that have had no request, with their timers
answering = set()  # the connections whose request is being answered
stopping = asyncio.Event()


# tag::accept[]
@web.middleware
async def handle(request, handler):
    connection = request.protocol
    if timer := unused.pop(connection, None):
        timer.cancel()
    answering.add(connection)
    try:
        refuse_what_aiohttp_takes(request)
        return await handler(request)
    except ConnectionError:
        return web.Response()  # the client has gone, and gets nothing
    finally:
        answering.discard(connection)
        if stopping.is_set():
            connection.close()  # after this response


def refuse_what_aiohttp_takes(request):
    if request.version.major != 1:
        raise web.HTTPVersionNotSupported
    if request.version.minor and not is_one_host(request.headers.getall("Host", [])):
        raise web.HTTPBadRequest
    if request.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        raise web.HTTPNotImplemented  # the content would be left encoded


async def say_close(request, response):
    if stopping.is_set() or (not request.version.minor and "Transfer-Encoding" in request.headers):
        response.force_close()


@routes.get("/hello")
async def hello(request):
    return web.Response(text="hello\n")


@routes.get(f"/slow/{{millis:{DELAY}}}")
async def slow(request):
    left = int(request.match_info["millis"]) / 1000
    while left > 0 and request.transport:  # aiohttp 3.8 does not tell a handler that its client has gone
        await asyncio.sleep(min(left, 1))
        left -= 1
    return web.Response(text="slow\n")
# end::accept[]


class HeadResponse(web.StreamResponse):
    """A response without content, whose length is not known. aiohttp 3.8 would send the last chunk."""

    async def write_eof(self, data=b""):
        pass


# tag::upload[]
@routes.post("/upper")
async def upper(request):
    response = web.StreamResponse()
    response.content_length = request.content_length  # None, if the request is chunked: then this is chunked, too
    await response.prepare(request)
    async for part in request.content.iter_any():
        await response.write(part.upper())
    return response


@routes.put("/sink")
async def sink(request):
    received = request.content_length or 0
    if received <= SINK_LIMIT:
        received = 0
        async for part in request.content.iter_any():
            received += len(part)
            if received > SINK_LIMIT:
                break
    return web.Response(status=204 if received <= SINK_LIMIT else 413)


@routes.put("/deny")
async def deny(request):
    raise web.HTTPForbidden
# end::upload[]


# tag::download[]
@routes.get(f"/bytes/{{length:{LENGTH}}}")
async def download(request):
    length = int(request.match_info["length"])
    response = HeadResponse() if request.method == "HEAD" else web.StreamResponse()
    if request.query_string != "chunked":
        response.content_length = length
    await response.prepare(request)
    if request.method != "HEAD":
        for part in flood(length):
            await response.write(part)
    return response
# end::download[]


# tag::events[]
@routes.get("/ticker")
async def ticker(request):
    pause = interval(request.query.get("ms", "1000"))
    if pause is None:
        raise web.HTTPBadRequest
    response = HeadResponse() if request.method == "HEAD" else web.StreamResponse()
    response.content_type = "text/event-stream"
    await response.prepare(request)
    number = 0
    while request.method != "HEAD" and not stopping.is_set():
        number += 1
        await response.write(f"data: {number}\n\n".encode())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stopping.wait()
    return response
# end::events[]


# tag::file[]
@routes.get(f"/files/{{name:{FILE_NAME}}}")
async def file(request):
    path = await asyncio.to_thread(regular_file, folder, request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path)  # by sendfile(2)
# end::file[]


# tag::close[]
async def serve():
    app = web.Application(middlewares=[handle])
    app.add_routes(routes)
    app.on_response_prepare.append(say_close)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=HEAD_LIMIT - 1)  # looked at each second
    await runner.setup()
    loop = asyncio.get_running_loop()

    def accept():
        connection = runner.server()
        unused[connection] = loop.call_later(HEAD_LIMIT, give_up, connection)
        return connection

    def give_up(connection):
        del unused[connection]
        connection.close()

    listener = await loop.create_server(accept, "127.0.0.1", port, backlog=1024)
    for signal_number in signal.SIGINT, signal.SIGTERM:
        loop.add_signal_handler(signal_number, stopping.set)
    await stopping.wait()
    listener.close()
    for connection in runner.server.connections:
        if connection not in answering:
            connection.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_PERIOD):
            while runner.server.connections:
                await asyncio.sleep(0.02)
    await runner.cleanup()
# end::close[]


# aiohttp 3.8 logs each malformed request with a traceback: its clients could fill a disk.
logging.getLogger("aiohttp.server").addFilter(
    lambda record: not isinstance((record.exc_info or [None, None])[1], http_exceptions.HttpProcessingError))
port, folder = int(sys.argv[1]), sys.argv[2]
asyncio.run(serve())
