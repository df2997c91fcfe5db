/*
 * Signal-driven: one thread, which waits in sigwaitinfo. Each arrival queues a real-time signal
 * with its descriptor (F_SETSIG), and one receive follows. When the signal queue is full, the
 * kernel sends a plain SIGIO instead: then every connection is checked.
 *
 * A connection with more input than one receive takes, or with input that waited for output to
 * drain, is read in turn with the others until there is nothing left.
 */
#include "yardstick.h"
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>

/* The rest is output that the client has not taken; while there is some, its input is not read. */
struct connection {
    bool open, unread, queued;
    unsigned char *rest;
    size_t sent, count;
};

static unsigned char buffer[BUFFER_SIZE];
static struct connection *connections; /* by descriptor */
static int *queue;                     /* a ring of descriptors to read, each at most once */
static size_t head, waiting, capacity;

static void enqueue(int fd)
{
    connections[fd].unread = true;
    if (!connections[fd].queued && connections[fd].rest == NULL) {
        connections[fd].queued = true;
        queue[(head + waiting++) % capacity] = fd;
    }
}

static void hang_up(int fd)
{
    free(connections[fd].rest);
    /* It may still be in the queue; a new connection with its number is then checked once more. */
    connections[fd] = (struct connection){.queued = connections[fd].queued};
    close(fd);
}

/* Returns false if the connection is closed or still has unsent output. */
static bool send_rest(int fd)
{
    struct connection *connection = &connections[fd];
    while (connection->sent < connection->count) {
        ssize_t sent = send(fd, connection->rest + connection->sent,
                            connection->count - connection->sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                hang_up(fd);
            return false;
        }
        connection->sent += (size_t)sent;
    }
    free(connection->rest);
    connection->rest = NULL;
    return true;
}

/* One receive; thoroughly: more signals may have arrived than were handled. */
static void receive(int fd, bool thoroughly)
{
    struct connection *connection = &connections[fd];
    ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) {
        if (count < 0 && errno == EAGAIN)
            connection->unread = false;
        else if (count < 0 && errno == EINTR)
            enqueue(fd);
        else
            hang_up(fd);
        return;
    }
    upper(buffer, (size_t)count);
    ssize_t sent = send(fd, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(fd);
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
        connection->unread = true;
        /* A signal follows for certain only if a send has taken nothing. */
        if (!send_rest(fd))
            return;
    }
    if (thoroughly || left > 0 || count == BUFFER_SIZE)
        enqueue(fd);
}

static void ready(int fd)
{
    struct connection *connection = &connections[fd];
    if (!connection->open)
        return; /* closed since the signal was sent */
    if (connection->rest == NULL) {
        receive(fd, false);
    } else {
        connection->unread = true;
        if (send_rest(fd))
            enqueue(fd);
    }
}

static void accept_all(int listener, int signal)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0
           || errno != EAGAIN) {
        if (fd < 0) {
            accept_failed();
            continue;
        }
        no_delay(fd);
        connections[fd].open = true;
        struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = (pid_t)syscall(SYS_gettid)};
        if (fcntl(fd, F_SETOWN_EX, &owner) < 0 || fcntl(fd, F_SETSIG, signal) < 0
            || fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
            die("fcntl");
        enqueue(fd); /* its data may have arrived before O_ASYNC */
    }
}

int main(int argc, char **argv)
{
    capacity = raise_descriptor_limit();
    connections = calloc(capacity, sizeof *connections);
    queue = calloc(capacity, sizeof *queue);
    if (connections == NULL || queue == NULL)
        die("calloc");
    int arrival = SIGRTMIN;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, arrival);
    sigaddset(&signals, SIGIO);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        die("sigprocmask");
    int listener = listening(argc, argv, SOCK_NONBLOCK);
    struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = (pid_t)syscall(SYS_gettid)};
    if (fcntl(listener, F_SETOWN_EX, &owner) < 0 || fcntl(listener, F_SETSIG, arrival) < 0
        || fcntl(listener, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
        die("fcntl");
    accept_all(listener, arrival); /* clients that connected before O_ASYNC */
    for (;;) {
        siginfo_t info;
        static const struct timespec at_once = {0};
        int signal =
            waiting == 0 ? sigwaitinfo(&signals, &info) : sigtimedwait(&signals, &info, &at_once);
        if (signal == SIGIO) {
            accept_all(listener, arrival);
            for (size_t fd = 0; fd < capacity; fd++)
                if (connections[fd].open && (connections[fd].rest == NULL || send_rest((int)fd)))
                    enqueue((int)fd);
        } else if (signal == arrival && info.si_fd == listener) {
            accept_all(listener, arrival);
        } else if (signal == arrival) {
            ready(info.si_fd);
        } else if (errno != EINTR && errno != EAGAIN) {
            die("sigwaitinfo");
        }
        if (waiting > 0) {
            int fd = queue[head];
            head = (head + 1) % capacity;
            waiting--;
            connections[fd].queued = false;
            if (connections[fd].open && connections[fd].unread && connections[fd].rest == NULL)
                receive(fd, true);
        }
    }
}
