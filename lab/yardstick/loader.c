/*
 * A client: the load generator in C that the one in Java is compared with. One thread waits in
 * epoll. It does the same: a closed loop, every reply verified, every latency counted.
 *
 * Each line on standard input is a number of milliseconds. The loader runs a round of that length
 * and prints messages, nanoseconds of processor time, and the median and the 99th percentile of the
 * latencies, in nanoseconds.
 */
#include "yardstick.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

enum { EVENTS = 1024, BITS = 7, BUCKETS = 64 << BITS };

struct connection {
    int fd;
    unsigned char *messages, *replies; /* in_flight of them, one after the other */
    size_t unsent;                     /* bytes, of those that are begun */
    size_t send_at, expect_at;         /* within one message */
    uint64_t *begun;                   /* a ring, the oldest at oldest */
    size_t oldest, count;
};

static size_t in_flight, size;
static int epoll;
static bool over;
static uint64_t answered, outstanding, latencies[BUCKETS];

static uint64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Two digits of precision: the highest BITS + 1 bits count. */
static void record(uint64_t nanos)
{
    int shift = 63 - __builtin_clzll(nanos | (1 << BITS)) - BITS;
    latencies[((uint64_t)shift << BITS) + (nanos >> shift)]++;
}

static uint64_t percentile(double share)
{
    uint64_t seen = 0;
    for (uint64_t i = 0; i < BUCKETS; i++) {
        seen += latencies[i];
        if (seen > 0 && (double)seen >= share * (double)answered) {
            uint64_t shift = i < 2 << BITS ? 0 : (i >> BITS) - 1;
            return (i - (shift << BITS)) << shift;
        }
    }
    return 0;
}

static void watch(struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) < 0)
        die("epoll_ctl");
}

static void begin(struct connection *connection, uint64_t when)
{
    connection->begun[(connection->oldest + connection->count++) % in_flight] = when;
    connection->unsent += size;
    outstanding++;
}

/* Sends all begun messages in one call; the rest waits for EPOLLOUT. */
static void flush(struct connection *connection, bool waited)
{
    if (connection->unsent == 0)
        return;
    ssize_t sent = send(connection->fd, connection->messages + connection->send_at,
                        connection->unsent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        die("send");
    if (sent > 0) {
        connection->unsent -= (size_t)sent;
        connection->send_at = (connection->send_at + (size_t)sent) % size;
    }
    if (connection->unsent > 0 && !waited)
        watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    if (connection->unsent == 0 && waited)
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

static void receive(struct connection *connection)
{
    static unsigned char buffer[BUFFER_SIZE];
    ssize_t count = recv(connection->fd, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0)
        die("recv");
    uint64_t when = now(CLOCK_MONOTONIC);
    for (size_t at = 0; at < (size_t)count;) {
        size_t length = size - connection->expect_at;
        if (length > (size_t)count - at)
            length = (size_t)count - at;
        if (connection->count == 0 ||
            memcmp(buffer + at, connection->replies + connection->expect_at, length) != 0) {
            fprintf(stderr, "a wrong reply\n");
            exit(1);
        }
        at += length;
        connection->expect_at += length;
        if (connection->expect_at < size)
            return;
        connection->expect_at = 0;
        record(when - connection->begun[connection->oldest]);
        connection->oldest = (connection->oldest + 1) % in_flight;
        connection->count--;
        outstanding--;
        answered++;
        if (!over)
            begin(connection, when);
    }
}

static void load(struct connection *connections, size_t count, uint64_t nanos)
{
    uint64_t start = now(CLOCK_MONOTONIC);
    over = false;
    answered = 0;
    memset(latencies, 0, sizeof latencies);
    for (size_t i = 0; i < count; i++) {
        while (connections[i].count < in_flight)
            begin(&connections[i], start);
        flush(&connections[i], false);
    }
    while (outstanding > 0) {
        static struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, 50);
        if (ready < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            bool waited = connection->unsent > 0;
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                receive(connection);
            flush(connection, waited);
        }
        over = now(CLOCK_MONOTONIC) - start > nanos;
    }
}

static void open_connection(struct connection *connection, int port, size_t number)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((in_port_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        die("socket");
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    no_delay(connection->fd);
    if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) < 0)
        die("fcntl");
    /* One extra message: a send may begin in the middle of a message. */
    size_t total = (in_flight + 1) * size;
    connection->messages = malloc(total);
    connection->replies = malloc(size);
    connection->begun = calloc(in_flight, sizeof *connection->begun);
    if (connection->messages == NULL || connection->replies == NULL || connection->begun == NULL)
        die("malloc");
    for (size_t i = 0; i < total; i++)
        connection->messages[i] = (unsigned char)('a' + (i % size + number) % 26);
    memcpy(connection->replies, connection->messages, size);
    upper(connection->replies, size);
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s PORT CONNECTIONS IN_FLIGHT BYTES\n", argv[0]);
        return 2;
    }
    size_t count = (size_t)atol(argv[2]);
    in_flight = (size_t)atol(argv[3]);
    size = (size_t)atol(argv[4]);
    raise_descriptor_limit();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *connections = calloc(count, sizeof *connections);
    if (epoll < 0 || connections == NULL)
        die("epoll_create1");
    for (size_t i = 0; i < count; i++)
        open_connection(&connections[i], atoi(argv[1]), i);
    long millis;
    while (scanf("%ld", &millis) == 1) {
        uint64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        load(connections, count, (uint64_t)millis * 1000000);
        printf("%lu %lu %lu %lu\n", (unsigned long)answered,
               (unsigned long)(now(CLOCK_PROCESS_CPUTIME_ID) - cpu),
               (unsigned long)percentile(0.5), (unsigned long)percentile(0.99));
        fflush(stdout);
    }
}
