"""What the HTTP programs answer, and their limits. When to read, to wait and to write is on their own pages."""

import pathlib
import re

HEAD_LIMIT = 10  # seconds, for the head of a request
GRACE_PERIOD = 3  # seconds, for exchanges that have begun before the stop
LINGER = 2  # seconds, for reading on after a response that has not waited for its request
SINK_LIMIT = 1 << 20  # bytes

LENGTH = "[0-9]{1,12}"
DELAY = "[0-5]?[0-9]{1,4}|60000"  # milliseconds
FILE_NAME = "[A-Za-z0-9_-][A-Za-z0-9._-]*"

HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+])(?::[0-9]*)?")

PART = 16 * 1024  # bytes

PATTERN = bytes(i % 251 for i in range(251 * 64))


def flood(length):
    """Yields the content of /bytes/LENGTH in parts."""
    for begin in range(0, length, len(PATTERN)):
        yield PATTERN[: length - begin]


def interval(text):
    """Returns the seconds between two events, or None if the text is not a valid number of milliseconds."""
    return int(text) / 1000 if re.fullmatch("[0-9]{2,5}", text) and 10 <= int(text) <= 60_000 else None


def is_one_host(values):
    """Whether a request of HTTP/1.1 has one valid field Host (RFC 9112, section 3.2)."""
    return len(values) == 1 and HOST.fullmatch(values[0]) is not None


def regular_file(folder, name):
    """Returns the path of a regular file in the folder, or None. A link that leads elsewhere is not followed."""
    folder = pathlib.Path(folder).resolve()
    file = (folder / name).resolve()
    return file if file.is_relative_to(folder) and file.is_file() else None
