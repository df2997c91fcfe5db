/*
 * Multiplexing with epoll, level-triggered: one thread. The kernel keeps the set of descriptors
 * and returns only those that are ready. All other servers are compared with this one.
 */
#include "yardstick.h"
#include <sys/epoll.h>

enum { EVENTS = 1024 };

/* The rest is output that the client has not taken; while there is some, its input is not read. */
struct connection {
    int fd;
    unsigned char *rest;
    size_t sent, count;
};

static unsigned char buffer[BUFFER_SIZE];
static int epoll;

static void watch(struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) < 0)
        die("epoll_ctl");
}

static void hang_up(struct connection *connection)
{
    close(connection->fd);
    free(connection->rest);
    free(connection);
}

static void accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        accept_failed();
        return;
    }
    no_delay(fd);
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        die("calloc");
    connection->fd = fd;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void send_rest(struct connection *connection)
{
    ssize_t sent = send(connection->fd, connection->rest + connection->sent,
                        connection->count - connection->sent, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            hang_up(connection);
        return;
    }
    connection->sent += (size_t)sent;
    if (connection->sent == connection->count) {
        free(connection->rest);
        connection->rest = NULL;
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    }
}

static void converse(struct connection *connection)
{
    ssize_t count = recv(connection->fd, buffer, sizeof buffer, 0);
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR))
            hang_up(connection);
        return;
    }
    upper(buffer, (size_t)count);
    ssize_t sent = send(connection->fd, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent == count)
        return;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(connection);
        return;
    }
    size_t left = (size_t)(count - (sent < 0 ? 0 : sent));
    connection->rest = malloc(left);
    if (connection->rest == NULL)
        die("malloc");
    memcpy(connection->rest, buffer + (size_t)count - left, left);
    connection->sent = 0;
    connection->count = left;
    watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
}

int main(int argc, char **argv)
{
    raise_descriptor_limit();
    int listener = listening(argc, argv, SOCK_NONBLOCK);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        die("epoll_create1");
    struct connection door = {.fd = listener};
    watch(&door, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        static struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == &door)
                accept_one(listener);
            else if (connection->rest != NULL)
                send_rest(connection);
            else
                converse(connection);
        }
    }
}
