package iomodels.conformance.rules;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.time.Duration;

/**
 * A hash that takes long enough to be observed, on whatever machine and in whatever language: about
 * half a second. The kit measures short ones first.
 *
 * @param times how often SHA-256 is applied
 * @param took how long the program took to answer it, while it had nothing else to do
 */
record LongHash(int times, Duration took) {

  private static final int MAX_TIMES = 10_000_000;
  private static final int FIRST_TIMES = 20_000;
  private static final int GROWTH = 4;
  private static final int SHORT_HASHES = 3;

  /** Long enough for a rate: the program's runtime has compiled the loop by then. */
  private static final double MEASURABLE_SECONDS = 0.06;

  private static final double WANTED_SECONDS = 0.5;

  /** A program that starts a process for each hash needs time to do that. */
  private static final double TIMES_SHORT_HASH = 8;

  /** Multiple of the usual patience: the duration of a hash depends on the machine and its load. */
  private static final int PATIENCE_FACTOR = 10;

  /** Finds a hash that takes about half a second. */
  static LongHash estimated(TestContext context, Peer client) throws Broken {
    double shortest = Double.MAX_VALUE;
    for (int i = 0; i < SHORT_HASHES; i++) {
      shortest = Math.min(shortest, seconds(context, client, 1));
    }
    int times = FIRST_TIMES;
    double took = seconds(context, client, times) - shortest;
    while (took < MEASURABLE_SECONDS && times < MAX_TIMES) {
      times = Math.min(MAX_TIMES, GROWTH * times);
      took = seconds(context, client, times) - shortest;
    }
    double wanted = Math.max(WANTED_SECONDS, TIMES_SHORT_HASH * shortest);
    double rate = times / Math.max(took, MEASURABLE_SECONDS / 2);
    int chosen = Math.clamp((long) (rate * wanted), FIRST_TIMES, MAX_TIMES);
    return of(chosen, chosen / rate);
  }

  /**
   * Finds a hash like {@link #estimated}, and measures how long it takes. A runtime may become
   * faster while it computes, so it is measured again with a larger number if it was short.
   */
  static LongHash measured(TestContext context, Peer client) throws Broken {
    int times = estimated(context, client).times;
    double took = seconds(context, client, times);
    if (took < WANTED_SECONDS / 2) {
      times = Math.clamp((long) (times * WANTED_SECONDS / took), times, MAX_TIMES);
      took = seconds(context, client, times);
    }
    return of(times, took);
  }

  private static LongHash of(int times, double seconds) {
    return new LongHash(times, Duration.ofNanos((long) (1e9 * seconds)));
  }

  /** Returns the request, with LF. */
  String request() {
    return request(times);
  }

  private static double seconds(TestContext context, Peer client, int times) throws Broken {
    long before = System.nanoTime();
    client.send(request(times));
    String answer = client.line(context.patience().multipliedBy(PATIENCE_FACTOR));
    double seconds = (System.nanoTime() - before) / 1e9;
    if (answer.startsWith("error")) {
      throw new Broken("the hash of x, %,d times".formatted(times), "got " + answer);
    }
    return seconds;
  }

  private static String request(int times) {
    return "hash %d x\n".formatted(times);
  }
}
