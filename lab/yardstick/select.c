/*
 * Multiplexing with select: one thread, which passes the kernel two whole sets of descriptors and
 * scans them afterwards. A descriptor of FD_SETSIZE or more does not fit and is closed.
 */
#include "yardstick.h"
#include <sys/select.h>

/* Output that a client has not taken; while there is some, its input is not read. */
struct rest {
    unsigned char *bytes;
    size_t sent, count;
};

static unsigned char buffer[BUFFER_SIZE];
static struct rest rests[FD_SETSIZE];
static fd_set readers, writers;
static int highest;

static void hang_up(int fd)
{
    FD_CLR(fd, &readers);
    FD_CLR(fd, &writers);
    free(rests[fd].bytes);
    rests[fd] = (struct rest){0};
    close(fd);
}

static void accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        accept_failed();
        return;
    }
    if (fd >= FD_SETSIZE) {
        close(fd);
        return;
    }
    no_delay(fd);
    FD_SET(fd, &readers);
    if (fd > highest)
        highest = fd;
}

static void send_rest(int fd)
{
    struct rest *rest = &rests[fd];
    ssize_t sent = send(fd, rest->bytes + rest->sent, rest->count - rest->sent, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            hang_up(fd);
        return;
    }
    rest->sent += (size_t)sent;
    if (rest->sent == rest->count) {
        free(rest->bytes);
        *rest = (struct rest){0};
        FD_CLR(fd, &writers);
        FD_SET(fd, &readers);
    }
}

static void converse(int fd)
{
    ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR))
            hang_up(fd);
        return;
    }
    upper(buffer, (size_t)count);
    ssize_t sent = send(fd, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent == count)
        return;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(fd);
        return;
    }
    size_t left = (size_t)(count - (sent < 0 ? 0 : sent));
    unsigned char *bytes = malloc(left);
    if (bytes == NULL)
        die("malloc");
    memcpy(bytes, buffer + (size_t)count - left, left);
    rests[fd] = (struct rest){.bytes = bytes, .count = left};
    FD_CLR(fd, &readers);
    FD_SET(fd, &writers);
}

int main(int argc, char **argv)
{
    raise_descriptor_limit();
    int listener = listening(argc, argv, SOCK_NONBLOCK);
    FD_SET(listener, &readers);
    highest = listener;
    for (;;) {
        fd_set readable = readers, writable = writers;
        int ready = select(highest + 1, &readable, &writable, NULL, NULL);
        if (ready < 0 && errno != EINTR)
            die("select");
        int last = highest;
        for (int fd = 0; fd <= last && ready > 0; fd++) {
            if (FD_ISSET(fd, &writable)) {
                ready--;
                send_rest(fd);
            } else if (FD_ISSET(fd, &readable)) {
                ready--;
                if (fd == listener)
                    accept_one(listener);
                else
                    converse(fd);
            }
        }
    }
}
