/* Blocking, one client at a time: an iterative server. It waits in accept, recv and send. */
#include "yardstick.h"

static unsigned char buffer[BUFFER_SIZE];

static int send_all(int connection, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = TEMP_FAILURE_RETRY(send(connection, bytes, count, MSG_NOSIGNAL));
        if (sent < 0)
            return -1;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int listener = listening(argc, argv, 0);
    for (;;) {
        int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) {
            accept_failed();
            continue;
        }
        no_delay(connection);
        ssize_t count;
        while ((count = TEMP_FAILURE_RETRY(recv(connection, buffer, sizeof buffer, 0))) > 0) {
            upper(buffer, (size_t)count);
            if (send_all(connection, buffer, (size_t)count) < 0)
                break;
        }
        close(connection);
    }
}
