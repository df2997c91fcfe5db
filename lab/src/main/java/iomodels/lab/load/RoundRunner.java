package iomodels.lab.load;

import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Runs rounds of load, for every shape of a load: starts the senders, in an open loop calls each
 * sender when its message falls due, and ends the round when no reply is outstanding. Closing it
 * closes all channels.
 */
final class RoundRunner implements LoadGenerator {

  private static final int RECEIVE_BYTES = 64 * 1024;

  /** Opens the connections of a load, and adds its senders. */
  @FunctionalInterface
  interface Opener {
    void open(RoundRunner runner) throws LoadException, InterruptedException;
  }

  final Load load;
  final SelectorLoop loop;
  final RoundRecorder recorder;

  /** Buffer for reads, shared by all channels. */
  final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES);

  private final List<Sender> senders = new ArrayList<>();

  /** Open loop: the message that falls due next, over all senders. */
  private final DueCursor upcoming = new DueCursor(0, 1);

  private Schedule schedule;
  private int outstanding;

  private RoundRunner(Load load, Consumer<SelectionKey> whenReady) throws LoadException {
    this.load = load;
    recorder = new RoundRecorder(load.rate() > 0, load.connections());
    loop = new SelectorLoop(whenReady);
    schedule = Schedule.from(System.nanoTime(), Duration.ZERO, load.rate());
  }

  /**
   * Creates a runner and opens its connections. If opening fails in any way, closes those that are
   * already open.
   *
   * @param whenReady called with the key of each channel that the selector finds ready
   */
  static RoundRunner open(Load load, Consumer<SelectionKey> whenReady, Opener opener)
      throws LoadException, InterruptedException {
    RoundRunner runner = new RoundRunner(load, whenReady);
    boolean opened = false;
    try {
      opener.open(runner);
      opened = true;
      return runner;
    } catch (LoadFailure failure) {
      throw failure.exception;
    } finally {
      if (!opened) { // After an Error, such as lack of memory, as well.
        runner.close();
      }
    }
  }

  /** Adds a sender; the order is that of their indices. */
  void add(Sender sender) {
    senders.add(sender);
  }

  /** The schedule of the current round. */
  Schedule schedule() {
    return schedule;
  }

  /** A message has been sent whose reply ends the round if it is the last. */
  void addOutstanding() {
    outstanding++;
  }

  /** The reply to a message is complete, or the message is lost. */
  void removeOutstanding() {
    outstanding--;
  }

  private boolean hasOutstanding() {
    return outstanding > 0;
  }

  @Override
  public LoadResult round(Duration duration, RoundObserver observer)
      throws LoadException, InterruptedException {
    upcoming.reset();
    loop.beginRound();
    schedule = Schedule.from(System.nanoTime(), duration, load.rate());
    recorder.reset(schedule.start());
    try {
      for (Sender sender : senders) {
        sender.cursor.reset();
        sender.start(schedule.start());
      }
      while (hasOutstanding() || upcoming.isPending(schedule)) {
        if (upcoming.isPending(schedule)) {
          loop.awaitUntil(upcoming.due(schedule));
          sendDue();
        } else {
          loop.await();
        }
        long now = System.nanoTime();
        if (loop.isTimeToCheck(now)) {
          check(observer, now);
        }
      }
    } catch (LoadFailure failure) {
      throw failure.exception;
    }
    senders.forEach(it -> it.cursor.recordUnsent(schedule, recorder));
    return recorder.result(schedule, observer, loop.busyShare());
  }

  private void sendDue() {
    long now = System.nanoTime();
    while (upcoming.isDue(schedule, now)) {
      Sender sender = senders.get((int) (upcoming.message() % senders.size()));
      upcoming.take(schedule);
      sender.sendDue(now);
    }
  }

  private void check(RoundObserver observer, long now) {
    senders.forEach(it -> it.checkTimeout(now));
    if (!observer.shouldContinue()) {
      schedule = schedule.endingAt(now);
    }
    recorder.show(observer, now);
  }

  @Override
  public void close() {
    loop.close();
  }
}
