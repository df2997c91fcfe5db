package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.program.HttpRoute.Ticker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients of an event stream that sends an event once per {@link #INTERVAL}. Every byte of every
 * event is verified.
 *
 * <p>In a round, a message is an event, and its latency is how late it is: the time since the
 * client's event before it, less the interval; 0 if it is early. So it does not matter when a
 * client began, and one late event counts once: after it, a server may keep the interval or return
 * to its old schedule. The lateness of an event that arrives between two rounds does not count:
 * this thread was late then, and not the server.
 *
 * <p>A server that sends more events than the interval permits is wrong: it would never be late.
 */
public final class EventStreamClients implements ClientCrowd, LoadGenerator {

  /** Time between two events of a client. */
  public static final Duration INTERVAL = Duration.ofSeconds(1);

  /** How many events may come ahead of their time: timers are not exact. */
  private static final int MAX_AHEAD = 1;

  /** How many connect before the first of them is waited for. */
  private static final int BATCH = 100;

  private final RoundRunner runner;
  private final Load load;
  private final List<Client> clients = new ArrayList<>();

  /** The events by their numbers, which begin at 1. */
  private final List<byte[]> events = new ArrayList<>();

  private boolean isRound;

  private EventStreamClients(RoundRunner runner) {
    this.runner = runner;
    load = runner.load;
    runner.add(new Clock());
  }

  /**
   * Creates an empty set of clients.
   *
   * @param load of the shape {@link Load.Shape#EVENT_STREAMS}; its number of connections is the
   *     largest number of clients
   */
  public static EventStreamClients of(Load load) throws LoadException, InterruptedException {
    return new EventStreamClients(RoundRunner.open(load, EventStreamClients::ready, _ -> {}));
  }

  /** Opens all connections, and waits for the first event of each. */
  static LoadGenerator connect(Load load) throws LoadException, InterruptedException {
    EventStreamClients clients = of(load);
    boolean opened = false;
    try {
      clients.growTo(load.connections(), () -> {});
      opened = true;
      return clients;
    } finally {
      if (!opened) {
        clients.close();
      }
    }
  }

  private static void ready(SelectionKey key) {
    ((Client) key.attachment()).receive();
  }

  @Override
  public void growTo(int size, Runnable progress) throws LoadException, InterruptedException {
    try {
      while (clients.size() < size) {
        int begin = clients.size();
        while (clients.size() < Math.min(size, begin + BATCH)) {
          clients.add(new Client(clients.size()));
        }
        for (Client client : clients.subList(begin, clients.size())) {
          client.awaitFirst();
          progress.run();
        }
      }
    } catch (LoadFailure failure) {
      throw failure.exception;
    }
  }

  @Override
  public LoadResult round(Duration duration, RoundObserver observer)
      throws LoadException, InterruptedException {
    isRound = false;
    try {
      runner.loop.awaitUntil(System.nanoTime()); // Takes what has arrived since the last round.
    } catch (LoadFailure failure) {
      throw failure.exception;
    }
    isRound = true;
    return runner.round(duration, observer);
  }

  private byte[] event(int number) {
    while (events.size() < number) {
      events.add(Ticker.event(events.size() + 1).getBytes(US_ASCII));
    }
    return events.get(number - 1);
  }

  @Override
  public void close() {
    runner.close();
  }

  /** Ends the rounds: no reply does, since the streams go on. */
  private final class Clock extends Sender {

    private boolean isRunning;

    Clock() {
      super(0, 1);
    }

    @Override
    void start(long now) {
      isRunning = true;
      runner.addOutstanding();
    }

    @Override
    void sendDue(long now) {
      throw new IllegalStateException("the server sends by itself");
    }

    @Override
    void checkTimeout(long now) {
      clients.forEach(it -> it.checkTimeout(now));
      if (isRunning && runner.schedule().isOver(now)) {
        isRunning = false;
        runner.removeOutstanding();
      }
    }
  }

  private final class Client {

    private final int index;
    private final SocketChannel channel;
    private final HttpResponseReader reader = new HttpResponseReader(this::verify, this::failure);

    /** The number of the event that is expected, and how many of its bytes have arrived. */
    private int number = 1;

    private int received;

    /** When the connection was opened. */
    private final long opened;

    /** When the last event arrived, or the connection was opened. */
    private long last;

    /** Whether there is an event before the next one to measure from. */
    private boolean isMeasured;

    Client(int index) throws LoadException, InterruptedException {
      this.index = index;
      channel = StreamLoad.channel(load, index + 1, LoopbackSources.of(load.server(), index));
      runner.loop.watch(channel, this);
      opened = System.nanoTime();
      last = opened;
      try {
        ByteBuffer request = ByteBuffer.wrap(load.payload().message(index));
        while (request.hasRemaining()) {
          channel.write(request);
        }
      } catch (IOException e) {
        throw failure(String.valueOf(e.getMessage()));
      }
    }

    void awaitFirst() throws InterruptedException {
      while (number == 1) {
        runner.loop.await();
        checkTimeout(System.nanoTime());
      }
    }

    void receive() {
      int count;
      try {
        count = channel.read(runner.received.clear());
      } catch (IOException e) {
        throw failure(String.valueOf(e.getMessage()));
      }
      if (count < 0) {
        throw failure("the server ended the stream, before event %d".formatted(number));
      }
      reader.read(runner.received.flip());
      if (reader.isComplete()) {
        throw failure("the response ended, before event %d".formatted(number));
      }
    }

    /** Consumes content: events, or parts of them. */
    private void verify(ByteBuffer content) {
      while (content.hasRemaining()) {
        byte[] expected = event(number);
        int length = Math.min(content.remaining(), expected.length - received);
        int wrong =
            content
                .slice(content.position(), length)
                .mismatch(ByteBuffer.wrap(expected, received, length));
        if (wrong >= 0) {
          throw failure("byte %d of event %d is wrong".formatted(received + wrong, number));
        }
        content.position(content.position() + length);
        received += length;
        if (received == expected.length) {
          complete(System.nanoTime());
        }
      }
    }

    private void complete(long now) {
      long interval = INTERVAL.toNanos();
      if (number - 1 > (now - opened) / interval + MAX_AHEAD) {
        throw failure(
            "event %d arrived after %d ms, with an interval of %d ms"
                .formatted(number, NANOSECONDS.toMillis(now - opened), INTERVAL.toMillis()));
      }
      if (isRound && isMeasured) {
        long due = last + interval;
        runner.recorder.replied(now - due > 0 ? due : now, now, now);
      } else {
        runner.recorder.delivered();
      }
      runner.recorder.served(index);
      isMeasured = isRound || number == 1;
      number++;
      received = 0;
      last = now;
    }

    void checkTimeout(long now) {
      long limit = load.patience().toNanos() + (number == 1 ? 0 : INTERVAL.toNanos());
      if (now - last > limit) {
        throw failure(
            "event %d did not arrive within %d ms".formatted(number, NANOSECONDS.toMillis(limit)));
      }
    }

    private LoadFailure failure(String what) {
      return LoadFailure.of("client", index + 1, load.connections(), what);
    }
  }
}
