/*
 * Everything that has nothing to do with waiting: a listening socket, the service, error exits.
 * The yardsticks serve "upper" on loopback, end on SIGTERM (its default action), and take
 * one argument, the port; 0 lets the kernel choose. The relay does not serve "upper"; its
 * second argument is the port of its upstream.
 */
#ifndef YARDSTICK_H
#define YARDSTICK_H

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Most bytes of one receive: the same as in the Java servers. */
enum { BUFFER_SIZE = 64 * 1024, BACKLOG = 4096 };

static inline void die(const char *what)
{
    perror(what);
    exit(2);
}

/* Bytes a to z only. The compiler vectorises the loop. */
static inline void upper(unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char letter = (unsigned char)(bytes[i] - 'a') < 26;
        bytes[i] -= (unsigned char)(letter << 5);
    }
}

/* Nagle's algorithm would hold back a reply until the one before it is acknowledged. */
static inline void no_delay(int connection)
{
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* Raises the limit of descriptors as far as permitted, and returns it. */
static inline size_t raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("setrlimit");
    return limit.rlim_cur;
}

/* Returns a socket that is bound to the port on loopback. */
static inline int bound(int argc, char **argv, int type)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        exit(2);
    }
    int bound = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (bound < 0)
        die("socket");
    setsockopt(bound, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((in_port_t)atoi(argv[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(bound, (struct sockaddr *)&address, sizeof address) < 0)
        die("bind");
    return bound;
}

/* Prints the port. */
static inline void announce(int bound)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(bound, (struct sockaddr *)&address, &length) < 0)
        die("getsockname");
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
}

/* Binds, listens, and prints the port; type is 0 or SOCK_NONBLOCK. */
static inline int listening(int argc, char **argv, int type)
{
    int listener = bound(argc, argv, SOCK_STREAM | type);
    if (listen(listener, BACKLOG) < 0)
        die("listen");
    announce(listener);
    return listener;
}

/*
 * Handles a failed accept. If the client has gone, continue. If descriptors or memory are used up,
 * try again a little later. Any other error is a fault of the program.
 */
static inline void accept_failed(void)
{
    switch (errno) {
    case EINTR: case EAGAIN: case ECONNABORTED: case EPROTO:
        return;
    case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
        usleep(10 * 1000);
        return;
    default:
        die("accept");
    }
}

#endif
