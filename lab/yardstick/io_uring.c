/*
 * Asynchronous: one thread, which waits for completions. One accept, and one receive for each
 * connection, stay active (multishot). The kernel puts input into buffers that all connections
 * share (a provided buffer ring), and a reply is sent from the buffer of its request. One
 * io_uring_enter submits the operations that follow from a batch of completions, and waits for the
 * next batch. No library: man 7 io_uring, man 2 io_uring_enter.
 */
#include "yardstick.h"
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/*
 * Buffers are used in turn: with a stride of a power of two all of them would map to the same few
 * lines of the processor's cache.
 */
enum {
    REQUESTS = 1024,
    COMPLETIONS = 16 * 1024,
    BUFFERS = 1024,
    BUFFER_BYTES = 16 * 1024,
    STRIDE = BUFFER_BYTES + 64,
    MAX_OWED = 8, /* unsent buffers of a client before the server stops receiving from it */
};

/* The low bits of a completion's user_data; the other bits are the connection's address. */
enum { RECEIVE, SEND, CANCEL, ACCEPT, PAUSE, KIND = 7 };

struct connection {
    int fd;
    bool receiving, cancelling, sending, ended, broken;
    int first, last, owed; /* buffers to be sent, in order */
    struct connection *next_starved;
};

static int ring;
static struct io_uring_sqe *sqes;
static _Atomic uint32_t *sq_head, *sq_tail, *cq_head, *cq_tail;
static uint32_t sq_mask, cq_mask, tail, submitted;
static struct io_uring_cqe *cqes;

static unsigned char *memory;
static struct io_uring_buf_ring *provided;
static uint16_t provided_tail;
static int next_owed[BUFFERS];
static uint32_t lengths[BUFFERS];

static int listener;
static struct connection *first_starved, **last_starved = &first_starved;

static void enter(uint32_t wait_for)
{
    atomic_store_explicit(sq_tail, tail, memory_order_release);
    long taken = syscall(SYS_io_uring_enter, ring, tail - submitted, wait_for,
                         IORING_ENTER_GETEVENTS, NULL, 0);
    if (taken >= 0)
        submitted += (uint32_t)taken;
    else if (errno != EINTR && errno != EAGAIN && errno != EBUSY)
        die("io_uring_enter");
}

static struct io_uring_sqe *request(int operation, int fd, struct connection *connection, int kind)
{
    while (tail - atomic_load_explicit(sq_head, memory_order_acquire) > sq_mask)
        enter(0);
    struct io_uring_sqe *sqe = &sqes[tail++ & sq_mask];
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = (uint8_t)operation;
    sqe->fd = fd;
    sqe->user_data = (uintptr_t)connection | (unsigned)kind;
    return sqe;
}

static void accept_on(void)
{
    struct io_uring_sqe *sqe = request(IORING_OP_ACCEPT, listener, NULL, ACCEPT);
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
    sqe->accept_flags = SOCK_CLOEXEC;
}

static void receive_on(struct connection *connection)
{
    struct io_uring_sqe *sqe = request(IORING_OP_RECV, connection->fd, connection, RECEIVE);
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    connection->receiving = true;
}

static void send_first(struct connection *connection)
{
    int buffer = connection->first;
    struct io_uring_sqe *sqe = request(IORING_OP_SEND, connection->fd, connection, SEND);
    sqe->addr = (uintptr_t)(memory + (size_t)buffer * STRIDE);
    sqe->len = lengths[buffer];
    sqe->msg_flags = MSG_WAITALL | MSG_NOSIGNAL; /* the kernel completes a partial write */
    connection->sending = true;
}

/* Returns a buffer to the kernel, which sees it when the tail is published, after the batch. */
static void provide(int buffer)
{
    struct io_uring_buf *entry = &provided->bufs[provided_tail++ & (BUFFERS - 1)];
    entry->addr = (uintptr_t)(memory + (size_t)buffer * STRIDE);
    entry->len = BUFFER_BYTES;
    entry->bid = (uint16_t)buffer;
}

static void drop_first(struct connection *connection)
{
    int buffer = connection->first;
    connection->first = next_owed[buffer];
    connection->owed--;
    provide(buffer);
}

/* Submits the next operation of a connection, after each of its completions. */
static void proceed(struct connection *connection)
{
    if (connection->broken && !connection->sending)
        while (connection->owed > 0)
            drop_first(connection);
    if (connection->owed > 0 && !connection->sending)
        send_first(connection);
    if (connection->ended && connection->owed == 0 && !connection->receiving
        && !connection->cancelling) {
        close(connection->fd);
        free(connection);
    }
}

static void end(struct connection *connection)
{
    connection->ended = true;
    connection->broken = true;
    shutdown(connection->fd, SHUT_RDWR); /* completes the operations in flight */
}

static void accepted(const struct io_uring_cqe *cqe)
{
    if (cqe->res >= 0) {
        no_delay(cqe->res);
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL)
            die("calloc");
        connection->fd = cqe->res;
        receive_on(connection);
    }
    if (cqe->flags & IORING_CQE_F_MORE)
        return;
    if (cqe->res >= 0) {
        accept_on();
        return;
    }
    /* Most likely out of descriptors: try again a little later. */
    static const struct __kernel_timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    struct io_uring_sqe *sqe = request(IORING_OP_TIMEOUT, -1, NULL, PAUSE);
    sqe->addr = (uintptr_t)&moment;
    sqe->len = 1;
}

static void received(struct connection *connection, const struct io_uring_cqe *cqe)
{
    if (!(cqe->flags & IORING_CQE_F_MORE))
        connection->receiving = false;
    if (cqe->res > 0) {
        int buffer = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        upper(memory + (size_t)buffer * STRIDE, (size_t)cqe->res);
        lengths[buffer] = (uint32_t)cqe->res;
        if (connection->owed++ == 0)
            connection->first = buffer;
        else
            next_owed[connection->last] = buffer;
        connection->last = buffer;
    } else if (cqe->flags & IORING_CQE_F_BUFFER) {
        provide((int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT)); /* an end that took a buffer */
    }
    if (cqe->res == 0)
        connection->ended = true;
    else if (cqe->res < 0 && cqe->res != -ENOBUFS && cqe->res != -ECANCELED)
        end(connection);
    if (connection->receiving && connection->owed > MAX_OWED && !connection->cancelling) {
        struct io_uring_sqe *sqe = request(IORING_OP_ASYNC_CANCEL, -1, connection, CANCEL);
        sqe->addr = (uintptr_t)connection | RECEIVE;
        connection->cancelling = true;
    }
    if (!connection->receiving && !connection->ended && connection->owed == 0) {
        /* Out of buffers. Connections wait in turn, or some would starve. */
        connection->next_starved = NULL;
        *last_starved = connection;
        last_starved = &connection->next_starved;
        connection->receiving = true;
    }
    proceed(connection);
}

static void sent(struct connection *connection, const struct io_uring_cqe *cqe)
{
    connection->sending = false;
    if (cqe->res < 0)
        end(connection);
    else if ((uint32_t)cqe->res < lengths[connection->first])
        end(connection); /* with MSG_WAITALL only a broken connection has a short write */
    drop_first(connection);
    if (connection->owed == 0 && !connection->receiving && !connection->ended)
        receive_on(connection);
    proceed(connection);
}

static void completed(const struct io_uring_cqe *cqe)
{
    struct connection *connection = (struct connection *)(uintptr_t)(cqe->user_data & ~(uint64_t)KIND);
    switch (cqe->user_data & KIND) {
    case RECEIVE:
        received(connection, cqe);
        break;
    case SEND:
        sent(connection, cqe);
        break;
    case CANCEL:
        connection->cancelling = false;
        proceed(connection);
        break;
    case ACCEPT:
        accepted(cqe);
        break;
    case PAUSE:
        accept_on();
        break;
    }
}

static void *map(size_t size, int flags, int fd, off_t offset)
{
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);
    if (address == MAP_FAILED)
        die("mmap");
    return address;
}

static void open_ring(void)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        .cq_entries = COMPLETIONS,
    };
    ring = (int)syscall(SYS_io_uring_setup, REQUESTS, &params);
    if (ring < 0)
        die("io_uring_setup");
    /* Both rings are in one mapping; the array of submissions is the last part of it. */
    size_t size = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
    char *rings = map(size, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    sqes = map(params.sq_entries * sizeof *sqes, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    sq_head = (void *)(rings + params.sq_off.head);
    sq_tail = (void *)(rings + params.sq_off.tail);
    sq_mask = *(uint32_t *)(rings + params.sq_off.ring_mask);
    uint32_t *array = (void *)(rings + params.sq_off.array);
    for (uint32_t i = 0; i <= sq_mask; i++)
        array[i] = i;
    cq_head = (void *)(rings + params.cq_off.head);
    cq_tail = (void *)(rings + params.cq_off.tail);
    cq_mask = *(uint32_t *)(rings + params.cq_off.ring_mask);
    cqes = (void *)(rings + params.cq_off.cqes);
}

static void open_buffers(void)
{
    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    memory = map((size_t)BUFFERS * STRIDE, anonymous, -1, 0);
    provided = map(BUFFERS * sizeof(struct io_uring_buf), anonymous, -1, 0);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)provided,
        .ring_entries = BUFFERS,
    };
    if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_PBUF_RING, &registration, 1) < 0)
        die("io_uring_register");
    for (int buffer = 0; buffer < BUFFERS; buffer++)
        provide(buffer);
}

static void publish_buffers(void)
{
    atomic_store_explicit((_Atomic uint16_t *)&provided->tail, provided_tail,
                          memory_order_release);
}

int main(int argc, char **argv)
{
    raise_descriptor_limit();
    open_ring();
    open_buffers();
    publish_buffers();
    listener = listening(argc, argv, 0);
    accept_on();
    for (;;) {
        enter(1);
        uint32_t head = atomic_load_explicit(cq_head, memory_order_relaxed);
        uint32_t until = atomic_load_explicit(cq_tail, memory_order_acquire);
        for (; head != until; head++)
            completed(&cqes[head & cq_mask]);
        atomic_store_explicit(cq_head, head, memory_order_release);
        publish_buffers();
        while (first_starved != NULL) {
            struct connection *connection = first_starved;
            first_starved = connection->next_starved;
            receive_on(connection);
        }
        last_starved = &first_starved;
    }
}
