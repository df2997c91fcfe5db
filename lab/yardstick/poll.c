/*
 * Multiplexing with poll: one thread, which passes the kernel a list of all descriptors, whatever
 * their numbers, and scans it afterwards.
 */
#include "yardstick.h"
#include <poll.h>

/* Output that a client has not taken; while there is some, its input is not read. */
struct rest {
    unsigned char *bytes;
    size_t sent, count;
};

static unsigned char buffer[BUFFER_SIZE];
static struct pollfd *polled; /* the listening socket first, then the connections, without gaps */
static struct rest *rests;    /* in the same places */
static nfds_t population, capacity;

static void hang_up(nfds_t i)
{
    free(rests[i].bytes);
    close(polled[i].fd);
    population--;
    polled[i] = polled[population];
    rests[i] = rests[population];
}

static void accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        accept_failed();
        return;
    }
    if (population == capacity) {
        close(fd);
        return;
    }
    no_delay(fd);
    polled[population] = (struct pollfd){.fd = fd, .events = POLLIN};
    rests[population] = (struct rest){0};
    population++;
}

static void send_rest(nfds_t i)
{
    struct rest *rest = &rests[i];
    ssize_t sent =
        send(polled[i].fd, rest->bytes + rest->sent, rest->count - rest->sent, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            hang_up(i);
        return;
    }
    rest->sent += (size_t)sent;
    if (rest->sent == rest->count) {
        free(rest->bytes);
        *rest = (struct rest){0};
        polled[i].events = POLLIN;
    }
}

static void converse(nfds_t i)
{
    int fd = polled[i].fd;
    ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR))
            hang_up(i);
        return;
    }
    upper(buffer, (size_t)count);
    ssize_t sent = send(fd, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent == count)
        return;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(i);
        return;
    }
    size_t left = (size_t)(count - (sent < 0 ? 0 : sent));
    unsigned char *bytes = malloc(left);
    if (bytes == NULL)
        die("malloc");
    memcpy(bytes, buffer + (size_t)count - left, left);
    rests[i] = (struct rest){.bytes = bytes, .count = left};
    polled[i].events = POLLOUT;
}

int main(int argc, char **argv)
{
    capacity = raise_descriptor_limit();
    polled = calloc(capacity, sizeof *polled);
    rests = calloc(capacity, sizeof *rests);
    if (polled == NULL || rests == NULL)
        die("calloc");
    int listener = listening(argc, argv, SOCK_NONBLOCK);
    polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    population = 1;
    for (;;) {
        int ready = poll(polled, population, -1);
        if (ready < 0 && errno != EINTR)
            die("poll");
        /* From the last one down: a connection that moves to a free place was seen before. */
        for (nfds_t i = population; i-- > 0 && ready > 0;) {
            if (polled[i].revents == 0)
                continue;
            ready--;
            if (i == 0)
                accept_one(listener);
            else if (rests[i].count > 0)
                send_rest(i);
            else
                converse(i);
        }
    }
}
