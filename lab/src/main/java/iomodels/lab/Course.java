package iomodels.lab;

import iomodels.lab.Loop.Failure;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/**
 * The course of a round, whatever messages travel by: it begins, in an open loop it hands out what
 * falls due, it ends when nothing is owed any more. For use by one thread.
 */
final class Course implements AutoCloseable {

  /** Those who send and receive, as their generator knows them. */
  interface Clients {

    /** A round begins. */
    void start();

    /** Whether a reply is awaited by one of them. */
    boolean areOwed();

    /** Open loop: whose turn that message is begins what is due by now. */
    void pursue(long message, long now);

    /** Looks for those that have waited too long. */
    void check(long now);

    /** Open loop: the round is over; what was due, but could not be begun, never will. */
    void giveUp();

    /** How many replies each had within the round. */
    LongStream served();
  }

  final Loop loop;
  final Tally tally;
  private Schedule schedule;

  /** In an open loop: the number of the message that falls due next. */
  private long next;

  /**
   * For rounds at that rate.
   *
   * @param rate messages per second; 0 for a closed loop
   * @param whenReady called with the key of what the selector finds ready
   */
  Course(int rate, Consumer<SelectionKey> whenReady) throws LoadException {
    tally = new Tally(rate > 0);
    loop = new Loop(whenReady);
    schedule = Schedule.from(System.nanoTime(), Duration.ZERO, rate);
  }

  /** Of the round that runs. */
  Schedule schedule() {
    return schedule;
  }

  LoadResult run(Clients clients, Duration duration, Observer observer)
      throws LoadException, InterruptedException {
    next = 0;
    loop.beginRound();
    schedule = Schedule.from(System.nanoTime(), duration, schedule.rate());
    tally.reset(schedule.start());
    try {
      clients.start();
      while (clients.areOwed() || schedule.includes(next)) {
        if (schedule.includes(next)) {
          loop.awaitUntil(schedule.due(next));
          handOutWhatIsDue(clients);
        } else {
          loop.await();
        }
        long now = System.nanoTime();
        if (loop.isTimeToCheck(now)) {
          look(clients, observer, now);
        }
      }
    } catch (Failure failure) {
      throw failure.what;
    }
    clients.giveUp();
    return tally.result(schedule, observer, clients.served().toArray(), loop.busyShare());
  }

  private void handOutWhatIsDue(Clients clients) {
    long now = System.nanoTime();
    for (; schedule.isDue(next, now); next++) {
      clients.pursue(next, now);
    }
  }

  private void look(Clients clients, Observer observer, long now) {
    clients.check(now);
    if (!observer.goesOn()) {
      schedule = schedule.endingAt(now);
    }
    tally.show(observer, now);
  }

  @Override
  public void close() {
    loop.close();
  }
}
