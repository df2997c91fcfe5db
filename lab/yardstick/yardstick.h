/*
 * What has nothing to do with waiting: a listening socket, the service, and a clear end.
 * The yardsticks serve "upper" on loopback, end on SIGTERM (its default action), and take
 * one argument, the port; 0 lets the kernel choose. The relay serves nothing itself, and takes
 * the port of its upstream as well.
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

/* What one receive takes at most: as much as the Java servers take. */
enum { BUFFER_SIZE = 64 * 1024, BACKLOG = 4096 };

static inline void die(const char *what)
{
    perror(what);
    exit(2);
}

/* Bytes a to z only. The compiler makes vector instructions of it. */
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

/* As many descriptors as may be had; returns how many that are. */
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

/* A socket that is bound to the port on loopback. */
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

/* Says where it is reached. */
static inline void announce(int bound)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(bound, (struct sockaddr *)&address, &length) < 0)
        die("getsockname");
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
}

/* Binds, listens, and says where; type is 0 or SOCK_NONBLOCK. */
static inline int listening(int argc, char **argv, int type)
{
    int listener = bound(argc, argv, SOCK_STREAM | type);
    if (listen(listener, BACKLOG) < 0)
        die("listen");
    announce(listener);
    return listener;
}

/*
 * Accepting failed. The other end having gone already is nothing; having no descriptors or memory
 * left is a reason to try again a little later. Anything else is a fault of the program.
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
