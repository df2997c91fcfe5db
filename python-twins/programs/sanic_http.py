"""An HTTP server with Sanic: one coroutine for each connection, which runs the handler of each request.

Java counterpart: vertx-virtual. Sanic reads the content of a request when the handler asks for it, and send waits
while the client does not read: that is the back-pressure. It cancels the handler of a client that has gone, and reads
on after a response that has not waited for the content of its request.
"""

import asyncio
import contextlib
import email.utils
import sys

from sanic import Sanic, exceptions
from sanic.response import empty, file_stream, text

from http_content import (
    FILE_NAME, GRACE_PERIOD, HEAD_LIMIT, PART, SINK_LIMIT, flood, interval, is_one_host, regular_file)

app = Sanic("http")
app.config.KEEP_ALIVE_TIMEOUT = HEAD_LIMIT
app.config.REQUEST_TIMEOUT = HEAD_LIMIT  # of silence; the limit for a whole head is below
app.config.RESPONSE_TIMEOUT = 120
app.config.GRACEFUL_SHUTDOWN_TIMEOUT = GRACE_PERIOD
stopping = asyncio.Event()
limits = {}  # the timers of the connections that wait for a head, by their tasks


# tag::accept[]
@app.on_request
async def check_host(request):
    if request.version == "1.1" and not is_one_host(request.headers.getall("host", [])):
        raise exceptions.BadRequest  # Sanic does not check Host


@app.on_response
async def complete(request, response):
    response.headers["date"] = email.utils.formatdate(usegmt=True)
    if stopping.is_set() or (request.version == "1.0" and "transfer-encoding" in request.headers):
        request.stream.keep_alive = False


# Sanic limits the silence of a client, not the time for a whole head. These signals are sent in the connection's task.
@app.signal("http.lifecycle.begin")
async def connected(conn_info):
    limit_head()


def limit_head():
    connection = asyncio.current_task()
    limits[connection] = asyncio.get_running_loop().call_later(HEAD_LIMIT, connection.cancel)


@app.signal("http.lifecycle.request")
async def head_received(request):
    limits.pop(asyncio.current_task()).cancel()


@app.signal("http.lifecycle.response")
async def responded(request, response):
    limit_head()  # for the next one
    if stopping.is_set():
        request.stream.keep_alive = False


@app.signal("http.lifecycle.complete")
async def disconnected(conn_info):
    if limit := limits.pop(asyncio.current_task(), None):
        limit.cancel()


@app.route("/hello", methods=["GET", "HEAD"])
async def hello(request):
    return text("hello\n")


@app.route("/slow/<millis:int>", methods=["GET", "HEAD"])
async def slow(request, millis):
    if millis > 60_000:
        raise exceptions.NotFound
    await asyncio.sleep(millis / 1000)
    return text("slow\n")
# end::accept[]


# tag::upload[]
@app.post("/upper", stream=True)
async def upper(request):
    request.stream.request_max_size = sys.maxsize
    response = await respond(request, request.headers.get("content-length"))
    async for part in request.stream:
        await response.send(part.upper())


async def respond(request, length, content_type="application/octet-stream"):
    """Begins a response, which is chunked if its length is not known."""
    response = await request.respond(headers={"content-length": length} if length else {}, content_type=content_type)
    if request.method != "HEAD":  # Sanic 25.12 fails if a response to HEAD is not sent at once
        await response.send(b"")
    return response


@app.put("/sink", stream=True)
async def sink(request):
    received = int(request.headers.get("content-length", 0))
    if received <= SINK_LIMIT:
        received = 0
        async for part in request.stream:
            received += len(part)
            if received > SINK_LIMIT:
                break
    return empty(204 if received <= SINK_LIMIT else 413)


@app.put("/deny", stream=True)
async def deny(request):
    raise exceptions.Forbidden
# end::upload[]


# tag::download[]
@app.route("/bytes/<length:[0-9]{1,12}>", methods=["GET", "HEAD"])
async def download(request, length):
    response = await respond(request, None if request.query_string == "chunked" else length)
    for part in flood(int(length) if request.method == "GET" else 0):
        await response.send(part)
# end::download[]


# tag::events[]
@app.route("/ticker", methods=["GET", "HEAD"])
async def ticker(request):
    pause = interval(request.args.get("ms", "1000"))
    if pause is None:
        raise exceptions.BadRequest
    response = await respond(request, None, "text/event-stream")
    number = 0
    while request.method == "GET" and not stopping.is_set():
        number += 1
        await response.send(f"data: {number}\n\n")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stopping.wait()
# end::events[]


# tag::file[]
@app.route(f"/files/<name:{FILE_NAME}>", methods=["GET", "HEAD"])
async def file(request, name):
    path = await asyncio.to_thread(regular_file, folder, name)
    if path is None:
        raise exceptions.NotFound
    headers = {"content-length": str(path.stat().st_size)}
    if request.method == "HEAD":
        return empty(200, headers)
    return await file_stream(path, headers=headers, chunk_size=PART)
# end::file[]


# tag::close[]
@app.before_server_stop
async def stop(app):
    stopping.set()


port, folder = int(sys.argv[1]), sys.argv[2]
app.run("127.0.0.1", port, single_process=True, access_log=False, motd=False, backlog=1024)
# end::close[]
