package iomodels.lab.trace;

import java.util.List;

/**
 * The actions of a client. Times are in microseconds from the beginning of the record.
 *
 * @param name A, B or C
 * @param connect when it connects
 * @param messages what it sends
 * @param end when it shuts down its output; later, if it cannot send everything before
 * @param firstRead when it begins to read
 * @param portion the most bytes that it reads at a time
 * @param pause how long it waits after each read
 * @param buffers SO_SNDBUF and SO_RCVBUF, or 0 for the system's defaults
 */
record ClientScript(
    String name,
    long connect,
    List<Message> messages,
    long end,
    long firstRead,
    int portion,
    long pause,
    int buffers) {

  private static final int MILLI = 1_000;

  /** More than a server's send buffer can hold: Linux lets it grow to 4 MiB. */
  private static final int FLOOD = 6 * 1024 * 1024;

  /** C's buffers are small, so that it notices when the server does not read. */
  private static final int BUFFERS = 128 * 1024;

  private static final int PORTION = 64 * 1024;

  /** A message of some bytes at a time. */
  record Message(long at, int bytes) {}

  /** The three clients, the same for every server. */
  static List<ClientScript> all() {
    return List.of(talker(), sleeper(), flooder());
  }

  /** A sends messages with pauses. */
  private static ClientScript talker() {
    List<Message> messages =
        List.of(
            message(100, 6),
            message(400, 6),
            message(700, 6),
            message(1_100, 6),
            message(1_450, 6));
    return new ClientScript("A", 50 * MILLI, messages, 1_600 * MILLI, 0, PORTION, 0, 0);
  }

  /** B connects, is silent for long, and then sends. */
  private static ClientScript sleeper() {
    List<Message> messages = List.of(message(1_250, 12), message(1_350, 12));
    return new ClientScript("B", 200 * MILLI, messages, 1_500 * MILLI, 0, PORTION, 0, 0);
  }

  /** C sends megabytes, reads nothing for a while, and then reads slowly. */
  private static ClientScript flooder() {
    List<Message> messages = List.of(message(350, FLOOD));
    return new ClientScript(
        "C", 300 * MILLI, messages, 360 * MILLI, 1_000 * MILLI, 2 * PORTION, 16 * MILLI, BUFFERS);
  }

  private static Message message(int millis, int bytes) {
    return new Message((long) millis * MILLI, bytes);
  }
}
