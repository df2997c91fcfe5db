/*
 * The program relay with epoll, level-triggered: one thread. Forwards the bytes of a client to an
 * upstream server on loopback, and the server's bytes to the client. Relays in Java are compared
 * with this one.
 */
#include "yardstick.h"
#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>

enum { EVENTS = 1024 };

/* An end of a pair and its unsent output; while there is some, the other end is not read. */
struct end {
    struct pair *pair;
    int fd;
    uint32_t watched;
    bool is_watched;
    bool has_ended;  /* its FIN has arrived */
    bool is_told;    /* the other end's FIN was passed on to it */
    unsigned char *rest;
    size_t sent, count;
};

struct pair {
    struct end client, upstream;
    long long deadline;
    bool is_connecting, is_gone;
    struct pair *previous, *next; /* list of connecting pairs, oldest first, or of closed ones */
};

static unsigned char buffer[BUFFER_SIZE];
static int epoll;
static struct sockaddr_in upstream = {.sin_family = AF_INET};
static int connect_millis; /* time limit for a connection to the upstream */
static struct pair *oldest, *youngest;
static struct pair *gone; /* events of this iteration may still point to them */

static long long now_millis(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static struct end *other(struct end *end)
{
    return end == &end->pair->client ? &end->pair->upstream : &end->pair->client;
}

static void join_connecting(struct pair *pair)
{
    pair->is_connecting = true;
    pair->deadline = now_millis() + connect_millis;
    pair->previous = youngest;
    *(youngest == NULL ? &oldest : &youngest->next) = pair;
    youngest = pair;
}

static void leave_connecting(struct pair *pair)
{
    if (!pair->is_connecting)
        return;
    *(pair->previous == NULL ? &oldest : &pair->previous->next) = pair->next;
    *(pair->next == NULL ? &youngest : &pair->next->previous) = pair->previous;
    pair->previous = pair->next = NULL;
    pair->is_connecting = false;
}

static void hang_up(struct pair *pair)
{
    leave_connecting(pair);
    close(pair->client.fd);
    close(pair->upstream.fd);
    pair->is_gone = true;
    pair->next = gone;
    gone = pair;
}

static void free_gone(void)
{
    while (gone != NULL) {
        struct pair *pair = gone;
        gone = pair->next;
        free(pair->client.rest);
        free(pair->upstream.rest);
        free(pair);
    }
}

/* Makes close send RST instead of FIN: the peer must know that data is missing. */
static void close_by_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void reset(struct pair *pair)
{
    close_by_reset(pair->client.fd);
    close_by_reset(pair->upstream.fd);
    hang_up(pair);
}

/*
 * An end that is neither read nor written is not watched, because epoll would report its HUP again
 * and again. The exception is an end that has finished sending but still receives: its reset must
 * be noticed.
 */
static void watch(struct end *end)
{
    bool connects = end->pair->is_connecting;
    bool reads = !connects && !end->has_ended && other(end)->rest == NULL;
    bool writes = end->rest != NULL || (connects && end == &end->pair->upstream);
    uint32_t events = (reads ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0);
    bool wanted = events != 0 || (end->has_ended && !end->is_told);
    if (wanted == end->is_watched && events == end->watched)
        return;
    int operation = !wanted ? EPOLL_CTL_DEL : end->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    struct epoll_event event = {.events = events, .data.ptr = end};
    if (epoll_ctl(epoll, operation, end->fd, &event) < 0)
        die("epoll_ctl");
    end->is_watched = wanted;
    end->watched = events;
}

/* Passes a FIN on after all data before it; the other direction stays open. */
static int finish(struct end *from, struct end *to)
{
    if (!from->has_ended || to->rest != NULL || to->is_told)
        return 0;
    to->is_told = true;
    return shutdown(to->fd, SHUT_WR);
}

static int send_rest(struct end *to)
{
    ssize_t sent = send(to->fd, to->rest + to->sent, to->count - to->sent, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    to->sent += (size_t)sent;
    if (to->sent == to->count) {
        free(to->rest);
        to->rest = NULL;
    }
    return 0;
}

static int carry(struct end *from, struct end *to)
{
    ssize_t count = recv(from->fd, buffer, sizeof buffer, 0);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (count == 0) {
        from->has_ended = true;
        return 0;
    }
    ssize_t sent = send(to->fd, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent == count)
        return 0;
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return -1;
    size_t left = (size_t)(count - (sent < 0 ? 0 : sent));
    to->rest = malloc(left);
    if (to->rest == NULL)
        die("malloc");
    memcpy(to->rest, buffer + (size_t)count - left, left);
    to->sent = 0;
    to->count = left;
    return 0;
}

static int connected(struct pair *pair)
{
    int error;
    socklen_t length = sizeof error;
    if (getsockopt(pair->upstream.fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error != 0)
        return -1;
    leave_connecting(pair);
    return 0;
}

/*
 * At most one read or one write, so that a busy client cannot starve the others. An end whose output
 * is stuck is still read: the two directions have windows of their own.
 */
static int advance(struct end *end, uint32_t events)
{
    if (end->pair->is_connecting)
        return connected(end->pair);
    if (end->rest != NULL && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
        return send_rest(end);
    if (end->has_ended)
        return -1; /* it was watched only for its reset */
    return other(end)->rest == NULL ? carry(end, other(end)) : 0;
}

static void converse(struct end *end, uint32_t events)
{
    struct pair *pair = end->pair;
    if (pair->is_gone)
        return;
    if (advance(end, events) < 0 || finish(&pair->client, &pair->upstream) < 0
        || finish(&pair->upstream, &pair->client) < 0) {
        reset(pair);
    } else if (pair->client.is_told && pair->upstream.is_told) {
        hang_up(pair);
    } else {
        watch(&pair->client);
        watch(&pair->upstream);
    }
}

static void begin(int client, int fd)
{
    struct pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL)
        die("calloc");
    pair->client = (struct end){.pair = pair, .fd = client};
    pair->upstream = (struct end){.pair = pair, .fd = fd};
    no_delay(client);
    no_delay(fd);
    if (connect(fd, (struct sockaddr *)&upstream, sizeof upstream) < 0) {
        if (errno != EINPROGRESS) {
            reset(pair);
            return;
        }
        join_connecting(pair);
    }
    watch(&pair->client);
    watch(&pair->upstream);
}

static void accept_one(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
        accept_failed();
        return;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) { /* no descriptor is left for the upstream connection */
        close_by_reset(client);
        close(client);
        return;
    }
    begin(client, fd);
}

/* How long to wait for events: until the connect timeout of the oldest connecting pair. */
static int patience(void)
{
    if (oldest == NULL)
        return -1;
    long long left = oldest->deadline - now_millis();
    return left < 0 ? 0 : (int)left;
}

static void give_up_connecting(void)
{
    while (oldest != NULL && oldest->deadline <= now_millis())
        reset(oldest);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT UPSTREAM_PORT CONNECT_MILLIS\n", argv[0]);
        exit(2);
    }
    connect_millis = atoi(argv[3]);
    upstream.sin_port = htons((in_port_t)atoi(argv[2]));
    upstream.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    raise_descriptor_limit();
    int listener = listening(2, argv, SOCK_NONBLOCK);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        die("epoll_create1");
    struct epoll_event door = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &door) < 0)
        die("epoll_ctl");
    for (;;) {
        static struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, patience());
        if (ready < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == NULL)
                accept_one(listener);
            else
                converse(events[i].data.ptr, events[i].events);
        }
        give_up_connecting();
        free_gone();
    }
}
