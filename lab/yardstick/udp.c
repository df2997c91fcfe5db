/*
 * Datagrams, blocking: one thread waits in recvfrom, and answers whoever it was. There are no
 * connections that could keep each other waiting, so nothing else is needed.
 */
#include "yardstick.h"

int main(int argc, char **argv)
{
    static unsigned char buffer[BUFFER_SIZE];
    int server = bound(argc, argv, SOCK_DGRAM);
    announce(server);
    for (;;) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        ssize_t count = recvfrom(server, buffer, sizeof buffer, 0, (struct sockaddr *)&peer, &length);
        if (count < 0)
            continue; /* An answer found nobody: the error is reported here (man 7 udp). */
        upper(buffer, (size_t)count);
        sendto(server, buffer, (size_t)count, 0, (struct sockaddr *)&peer, length);
    }
}
