"""Scatter-gather with Twisted: Deferreds in coroutines.

Java counterpart: vertx-rxjava. Cancelling a Deferred also cancels what it waits for: a coroutine passes it on to
what it awaits, and gatherResults to its members. So the server cancels only the conversation when a client disconnects.
But cancelling a Deferred does not undo what it stands for: the finally block below has to close the connection.
"""

import sys

from twisted.internet import defer, endpoints, error, reactor, task
from twisted.internet.defer import Deferred

from twisted_lines import Client, LineProtocol, Refused
from twisted_server import Server

BACK_OFF = 0.1  # seconds


# tag::accept[]
class GatherClient(Client):
    async def converse(self):
        while (line := await self.read_line()) is not None:
            self.write((await answer(line)).encode())
            await self.drain()  # back-pressure: no next request until the client has taken the answer
# end::accept[]


# tag::ask[]
async def call(port, text):
    """Returns the backend's line, or None if the call fails."""
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port)
    try:
        backend = await endpoints.connectProtocol(endpoint, LineProtocol())
    except error.ConnectError:
        return None
    except error.ConnectingCancelledError:
        raise defer.CancelledError from None  # what addTimeout expects
    try:
        backend.transport.write(f"{text}\n".encode())
        line = await backend.read_line()
    except Refused:
        return None
    finally:
        backend.transport.loseConnection()  # also when the call is cancelled
    return None if line is None or line.startswith("error") else line


async def with_deadline(result):
    """Formats the result of a coroutine, or cancels it at the deadline."""
    try:
        line = await Deferred.fromCoroutine(result).addTimeout(timeout, reactor)
    except defer.TimeoutError:
        return "late\n"
    return "failed\n" if line is None else f"ok {line}\n"


def race(text):
    """Returns a Deferred with the line of the first call that succeeds, or None if all fail. Closes all connections.

    A DeferredList with fireOnOneCallback would not cancel the other calls. If it is cancelled itself, it fires as if
    all had failed.
    """
    calls = [Deferred.fromCoroutine(call(port, text)) for port in backend_ports]
    failures = 0

    def cancel_calls(result):
        for each in calls:
            each.cancel()
        return result

    def call_ended(line):
        nonlocal failures
        failures += line is None
        if not winner.called and (line is not None or failures == len(calls)):
            winner.callback(line)

    winner = Deferred(cancel_calls)
    for each in calls:
        each.addCallbacks(call_ended, lambda reason: reason.trap(defer.CancelledError))
    return winner.addCallback(cancel_calls)
# end::ask[]


# tag::answer[]
async def answer(request):
    command, space, text = request.partition(" ")
    if command == "all" and space:
        calls = [Deferred.fromCoroutine(with_deadline(call(port, text))) for port in backend_ports]
        return "".join(await defer.gatherResults(calls, consumeErrors=True))
    if command == "first" and space:
        return await with_deadline(first(text))
    raise Refused("expected all or first")


async def first(text):
    line = await race(text)
    if line is None:
        await task.deferLater(reactor, BACK_OFF)
        line = await race(text)
    return line
# end::answer[]


# tag::close[]
port, timeout_millis, *backend_ports = map(int, sys.argv[1:])
if port in backend_ports:
    sys.exit(f"the upstream 127.0.0.1:{port} is this program itself; give another port")
timeout = timeout_millis / 1000
Server(GatherClient).run(port)
# end::close[]
