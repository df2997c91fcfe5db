"""The tasks of the offload programs. They do not depend on asyncio or Twisted."""

import hashlib
import os
import re
import select
import stat
import sys

WORKERS = 2
QUEUE = 2
MAX_ROUNDS = 10_000_000
CHUNK = 64 * 1024
CANCEL_CHECK = 50  # milliseconds

HASH_REQUEST = re.compile("hash ([0-9]{1,8}) (.*)", re.DOTALL)
READ_REQUEST = re.compile("read ([A-Za-z0-9_-][A-Za-z0-9._-]*)")

HASH_SCRIPT = """
import hashlib, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
data = bytes.fromhex(sys.argv[2])
for _ in range(int(sys.argv[1])):
    data = hashlib.sha256(data).digest()
print(data.hex(), end="")
"""


# tag::work[]
def hash_command(rounds, text):
    """Returns the command of a process that prints the hash.

    hashlib releases the interpreter lock only for 2,048 bytes and more. In threads, two hashes of hashes would take
    twice as long as one, and would delay each system call of the event loop by up to 5 ms.
    """
    return [sys.executable, "-I", "-S", "-c", HASH_SCRIPT, str(rounds), text.encode().hex()]


def hash_file(path, cancelled):
    """Returns the answer to a read request. Blocks until the file has been read or cancelled is set.

    Runs in a thread: os.read and hashing large chunks release the interpreter lock.
    """
    try:
        if path.resolve().parent != path.parent.resolve():
            raise PermissionError("a symbolic link that leaves the folder")
        # Without O_NONBLOCK, opening a FIFO would block until it has a writer, and could not be cancelled.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            mode = os.fstat(file).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
                raise PermissionError("neither a regular file nor a FIFO")
            return hash_descriptor(file, cancelled)
        finally:
            os.close(file)
    except (OSError, RuntimeError):  # before Python 3.13, resolve() raises RuntimeError for links in a circle
        return f"error cannot read {path.name}"


def hash_descriptor(file, cancelled):
    digest = hashlib.sha256()
    poller = select.poll()
    poller.register(file, select.POLLIN)
    while not cancelled.is_set():
        if poller.poll(CANCEL_CHECK):
            if not (data := os.read(file, CHUNK)):
                break
            digest.update(data)
    return digest.hexdigest()
# end::work[]
