/*
 * Datagrams, blocking: one thread waits in recvfrom and answers the sender. There are no
 * connections that could block each other, so nothing else is needed.
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
            continue; /* ICMP error for an earlier reply, reported here (man 7 udp). */
        upper(buffer, (size_t)count);
        sendto(server, buffer, (size_t)count, 0, (struct sockaddr *)&peer, length);
    }
}
