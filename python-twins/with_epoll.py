"""epoll, level-triggered: the kernel keeps the list of watched sockets. Java counterpart: linux-epoll."""

import select
import socket
import sys

poller = select.epoll()
peers = {}  # by descriptor
unsent = {}  # by descriptor; a connection with unsent output is not read


# tag::accept[]
def accept(listener):
    try:
        peer, _ = listener.accept()
    except OSError:
        return  # the client has reset, or the process is out of file descriptors
    peer.setblocking(False)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peers[peer.fileno()] = peer
    unsent[peer.fileno()] = memoryview(b"")
    poller.register(peer, select.EPOLLIN)
# end::accept[]


# tag::converse[]
def converse(fd):
    peer = peers[fd]
    try:
        if not unsent[fd]:
            data = peer.recv(65536)
            if not data:
                raise EOFError
            unsent[fd] = memoryview(data.upper())
        unsent[fd] = unsent[fd][peer.send(unsent[fd]) :]
    except BlockingIOError:
        pass
    # tag::close[]
    except (OSError, EOFError):
        poller.unregister(fd)
        del peers[fd], unsent[fd]
        peer.close()
        return
    # end::close[]
    poller.modify(fd, select.EPOLLOUT if unsent[fd] else select.EPOLLIN)
# end::converse[]


with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listener:
    listener.setblocking(False)
    poller.register(listener, select.EPOLLIN)
    # tag::wait[]
    while True:
        for fd, _ in poller.poll():
            if fd == listener.fileno():
                accept(listener)
            else:
                converse(fd)
    # end::wait[]
