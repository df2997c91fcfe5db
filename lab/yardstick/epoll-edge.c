/*
 * Multiplexing with epoll, edge-triggered: one thread. A connection is registered once, and the
 * kernel reports each change once. The program must remember a readiness until it is used up:
 * connections with more to read wait in a queue, and each gets one receive in turn.
 *
 * A receive that does not fill the buffer has read everything (man 7 epoll), unless the client's
 * FIN has arrived, which EPOLLRDHUP reports.
 */
#include "yardstick.h"
#include <stdbool.h>
#include <sys/epoll.h>

enum { EVENTS = 1024 };

/* The rest is output that the client has not taken; while there is some, its input is not read. */
struct connection {
    int fd;
    bool readable, ending, queued;
    unsigned char *rest;
    size_t sent, count;
    struct connection *next;
};

static unsigned char buffer[BUFFER_SIZE];
static int epoll;
static struct connection *first, **last = &first;

static void enqueue(struct connection *connection)
{
    if (connection->queued)
        return;
    connection->queued = true;
    connection->next = NULL;
    *last = connection;
    last = &connection->next;
}

static void hang_up(struct connection *connection)
{
    close(connection->fd);
    free(connection->rest);
    free(connection);
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0
           || errno != EAGAIN) {
        if (fd < 0) {
            accept_failed();
            continue;
        }
        no_delay(fd);
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL)
            die("calloc");
        connection->fd = fd;
        struct epoll_event event = {
            .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
            .data.ptr = connection,
        };
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            die("epoll_ctl");
    }
}

/* Returns false if the connection is closed. */
static bool send_rest(struct connection *connection)
{
    while (connection->sent < connection->count) {
        ssize_t sent = send(connection->fd, connection->rest + connection->sent,
                            connection->count - connection->sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR)
                continue;
            if (errno == EAGAIN)
                return true;
            hang_up(connection);
            return false;
        }
        connection->sent += (size_t)sent;
    }
    free(connection->rest);
    connection->rest = NULL;
    return true;
}

static void receive(struct connection *connection)
{
    ssize_t count = recv(connection->fd, buffer, sizeof buffer, 0);
    if (count <= 0) {
        if (count < 0 && errno == EAGAIN)
            connection->readable = false;
        else if (count == 0 || errno != EINTR)
            hang_up(connection);
        return;
    }
    if (count < BUFFER_SIZE && !connection->ending)
        connection->readable = false;
    upper(buffer, (size_t)count);
    ssize_t sent = send(connection->fd, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(connection);
        return;
    }
    size_t left = (size_t)(count - (sent < 0 ? 0 : sent));
    if (left > 0) {
        connection->rest = malloc(left);
        if (connection->rest == NULL)
            die("malloc");
        memcpy(connection->rest, buffer + (size_t)count - left, left);
        connection->sent = 0;
        connection->count = left;
        /* An edge follows for certain only if a send has taken nothing. */
        if (!send_rest(connection) || connection->rest != NULL)
            return;
    }
    if (connection->readable)
        enqueue(connection);
}

static void converse(struct connection *connection)
{
    if (connection->rest != NULL && !send_rest(connection))
        return;
    if (connection->rest == NULL && connection->readable)
        receive(connection);
}

int main(int argc, char **argv)
{
    raise_descriptor_limit();
    int listener = listening(argc, argv, SOCK_NONBLOCK);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        die("epoll_create1");
    struct epoll_event accepting = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &accepting) < 0)
        die("epoll_ctl");
    for (;;) {
        static struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, first == NULL ? -1 : 0);
        if (ready < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL) {
                accept_all(listener);
                continue;
            }
            if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
                connection->readable = true;
            if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
                connection->ending = true;
            enqueue(connection);
        }
        /* A connection that is enqueued again comes after those in the queue. */
        struct connection *turn = first;
        first = NULL;
        last = &first;
        while (turn != NULL) {
            struct connection *next = turn->next;
            turn->queued = false;
            converse(turn);
            turn = next;
        }
    }
}
