"""Reads the responses of the program http with h11, which checks how they are framed.

Usage: read_with_h11.py PORT. The program's folder has the file a.txt, which contains "some text\\n".
"""

import socket
import sys

import h11

CHUNKED = ("Transfer-Encoding", "chunked")
CONTINUE = ("Expect", "100-continue")
LIMIT = 1 << 20


def length(count):
    return ("Content-Length", str(count))


class Connection:
    """A client's connection. h11 raises an exception if a response is malformed."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.http = h11.Connection(h11.CLIENT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def begin(self, method, target, *fields):
        """Returns the bytes of a request's head."""
        headers = [("Host", "test"), *fields]
        return self.http.send(h11.Request(method=method, target=target, headers=headers))

    def end(self, content=b""):
        """Returns the bytes of a request's content."""
        data = self.http.send(h11.Data(data=content)) if content else b""
        return data + self.http.send(h11.EndOfMessage())

    def event(self):
        event = self.http.next_event()
        while event is h11.NEED_DATA:
            self.http.receive_data(self.socket.recv(65536))
            event = self.http.next_event()
        return event

    def head(self, status):
        """Receives the head of a response, and returns its fields by their names in lower case."""
        event = self.event()
        assert event.status_code == status, f"expected {status}, got {event}"
        return {name.decode(): value.decode() for name, value in event.headers}

    def content(self):
        content = b""
        event = self.event()
        while not isinstance(event, h11.EndOfMessage):
            content += event.data
            event = self.event()
        return content

    def exchange(self, method, target, *fields, send=b"", status=200):
        """Sends a request; returns the fields of the response, and its content."""
        self.socket.sendall(self.begin(method, target, *fields) + self.end(send))
        head = self.head(status)
        return head, self.content()

    def next(self):
        """Goes on to the next request. h11 raises an exception if the connection has to end."""
        self.http.start_next_cycle()


def keep_alive(connection):
    pattern = bytes(i % 251 for i in range(100_000))
    for method, target, fields, send, status, wanted in [
        ("GET", "/hello", [], b"", 200, b"hello\n"),
        ("HEAD", "/hello", [], b"", 200, b""),
        ("GET", "/slow/20", [], b"", 200, b"slow\n"),
        ("GET", "/bytes/100000", [], b"", 200, pattern),
        ("GET", "/bytes/100000?chunked", [], b"", 200, pattern),
        ("HEAD", "/bytes/100000?chunked", [], b"", 200, b""),
        ("HEAD", "/ticker", [], b"", 200, b""),
        ("POST", "/upper", [length(5)], b"hello", 200, b"HELLO"),
        ("POST", "/upper", [CHUNKED], b"hello", 200, b"HELLO"),
        ("POST", "/upper", [length(0)], b"", 200, b""),
        ("PUT", "/sink", [CHUNKED], b"x" * LIMIT, 204, b""),
        ("GET", "/files/a.txt", [], b"", 200, b"some text\n"),
        ("HEAD", "/files/a.txt", [], b"", 200, b""),
        ("GET", "/files/none", [], b"", 404, None),
        ("HEAD", "/none", [], b"", 404, b""),
        ("DELETE", "/hello", [], b"", 405, None),
    ]:
        head, content = connection.exchange(method, target, *fields, send=send, status=status)
        words = f"{method} {target}: {head}, {content[:40]}"
        assert wanted is None or content == wanted, words
        assert "date" in head, words
        assert status != 405 or head["allow"] == "GET, HEAD", words
        if method == "HEAD" and "content-length" in head:
            assert int(head["content-length"]) > 0, words
        connection.next()


def pipelined(connection):
    targets = ["/slow/50", "/hello", "/bytes/70000", "/files/a.txt", "/hello"]
    wanted = [b"slow\n", b"hello\n", bytes(i % 251 for i in range(70_000)), b"some text\n", b"hello\n"]
    requests = "".join(f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n" for target in targets)
    connection.socket.sendall(requests.encode())
    for target, content in zip(targets, wanted):
        connection.begin("GET", target)  # It has been sent.
        connection.end()
        connection.head(200)
        assert connection.content() == content, target
        connection.next()


def expects_continue(connection):
    connection.socket.sendall(connection.begin("POST", "/upper", length(5), CONTINUE))
    event = connection.event()
    if isinstance(event, h11.InformationalResponse):
        assert event.status_code == 100, event
        event = None
    connection.socket.sendall(connection.end(b"hello"))
    if event is None:
        connection.head(200)
    assert connection.content() == b"HELLO"


def too_long(connection):
    connection.socket.sendall(connection.begin("PUT", "/sink", length(LIMIT + 1)))
    connection.head(413)
    connection.content()


def denied(connection):
    connection.socket.sendall(connection.begin("PUT", "/deny", CHUNKED))
    connection.head(403)
    connection.content()


def ticks(connection):
    connection.socket.sendall(connection.begin("GET", "/ticker?ms=20") + connection.end())
    assert connection.head(200)["content-type"].startswith("text/event-stream")
    events = b""
    while events.count(b"\n\n") < 3:
        events += connection.event().data
    assert events.startswith(b"data: 1\n\ndata: 2\n\ndata: 3\n\n"), events


def closes(connection):
    _, content = connection.exchange("GET", "/hello", ("Connection", "close"))
    assert content == b"hello\n"
    event = connection.event()
    assert isinstance(event, h11.ConnectionClosed), event


for each in [keep_alive, pipelined, expects_continue, too_long, denied, ticks, closes]:
    with Connection(int(sys.argv[1])) as it:
        each(it)
