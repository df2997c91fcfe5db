package iomodels.lab.trace;

import java.util.List;

/**
 * What a client does, and when: all times in microseconds from the beginning.
 *
 * @param name A, B or C
 * @param connect when it connects
 * @param sayings what it sends
 * @param end when it shuts down its output; later, if it has not been able to send all by then
 * @param listen from when on it reads
 * @param portion how many bytes it reads at a time, at most
 * @param pause how long it waits after each portion
 * @param buffers SO_SNDBUF and SO_RCVBUF, or 0 for the system's own choice
 */
record Script(
    String name,
    long connect,
    List<Saying> sayings,
    long end,
    long listen,
    int portion,
    long pause,
    int buffers) {

  private static final int MILLI = 1_000;

  /** More than a socket of a server holds unsent: Linux lets it grow to 4 MiB. */
  private static final int FLOOD = 6 * 1024 * 1024;

  /** C's own, so that it feels that the server does not read on. */
  private static final int BUFFERS = 128 * 1024;

  private static final int PORTION = 64 * 1024;

  /** So many bytes at that time. */
  record Saying(long at, int bytes) {}

  /** The same three for every server. */
  static List<Script> all() {
    return List.of(talker(), sleeper(), flooder());
  }

  /** A talks, with pauses. */
  private static Script talker() {
    List<Saying> sayings =
        List.of(say(100, 6), say(400, 6), say(700, 6), say(1_100, 6), say(1_450, 6));
    return new Script("A", 50 * MILLI, sayings, 1_600 * MILLI, 0, PORTION, 0, 0);
  }

  /** B connects, says nothing for long, and then talks. */
  private static Script sleeper() {
    List<Saying> sayings = List.of(say(1_250, 12), say(1_350, 12));
    return new Script("B", 200 * MILLI, sayings, 1_500 * MILLI, 0, PORTION, 0, 0);
  }

  /** C sends megabytes, reads nothing for a while, and then slowly. */
  private static Script flooder() {
    List<Saying> sayings = List.of(say(350, FLOOD));
    return new Script(
        "C", 300 * MILLI, sayings, 360 * MILLI, 1_000 * MILLI, 2 * PORTION, 16 * MILLI, BUFFERS);
  }

  private static Saying say(int millis, int bytes) {
    return new Saying((long) millis * MILLI, bytes);
  }
}
