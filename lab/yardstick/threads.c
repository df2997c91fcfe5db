/* Blocking, one thread per connection. Each waits in its own recv and send. */
#include "yardstick.h"
#include <pthread.h>
#include <stdint.h>

/* The buffer is on the stack; a page that is never touched costs nothing. */
enum { STACK_SIZE = BUFFER_SIZE + 64 * 1024 };

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

static void *converse(void *argument)
{
    int connection = (int)(intptr_t)argument;
    unsigned char buffer[BUFFER_SIZE];
    ssize_t count;
    while ((count = TEMP_FAILURE_RETRY(recv(connection, buffer, sizeof buffer, 0))) > 0) {
        upper(buffer, (size_t)count);
        if (send_all(connection, buffer, (size_t)count) < 0)
            break;
    }
    close(connection);
    return NULL;
}

int main(int argc, char **argv)
{
    raise_descriptor_limit();
    int listener = listening(argc, argv, 0);
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, STACK_SIZE);
    for (;;) {
        int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) {
            accept_failed();
            continue;
        }
        no_delay(connection);
        pthread_t thread;
        if (pthread_create(&thread, &detached, converse, (void *)(intptr_t)connection) != 0)
            close(connection); /* no thread is available: refuse this client, serve the others */
    }
}
