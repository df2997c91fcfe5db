package iomodels.lab;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.Serial;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/**
 * Puts a server under load and verifies every byte that it answers.
 *
 * <p>The connections are opened once and stay open, idle between rounds, so that the rounds of two
 * servers can alternate in one run: what disturbs the machine then disturbs both.
 *
 * <p>Everything happens on the caller's thread, in one {@link Selector}, and nothing is allocated
 * per message: the generator has to cost less than what it measures. In an open loop it does not
 * sleep between messages either, but asks again and again whether one is due: it then needs a
 * processor to itself. For use by one thread at a time. An interrupt ends a round at once; after
 * that, as after a {@link LoadException}, all that is left to do is to close it.
 */
public final class LoadGenerator implements AutoCloseable {

  /** How often to look for connections that wait in vain. */
  private static final long CHECK_MILLIS = 50;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private static final int RECEIVE_BYTES = 64 * 1024;

  private final Load load;
  private final Selector selector;
  private final List<Connection> connections = new ArrayList<>();
  private final Consumer<SelectionKey> whenReady = this::ready;
  private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES);
  private final Histogram latencies = new Histogram(3);
  private final Histogram lags = new Histogram(3);

  /** When the round began, and when it ends; {@link System#nanoTime()}. */
  private long start;

  private long end;

  /** How many messages await their reply, over all connections; and how many have had it. */
  private int outstanding;

  private long answered;

  /** In an open loop: the number of the message that falls due next; the round's first is 0. */
  private long next;

  private LoadGenerator(Load load) throws IOException {
    this.load = load;
    this.selector = Selector.open();
  }

  /**
   * Opens all connections.
   *
   * @throws LoadException if the server refuses one, or keeps one waiting too long
   */
  public static LoadGenerator connect(Load load) throws LoadException, InterruptedException {
    LoadGenerator generator;
    try {
      generator = new LoadGenerator(load);
    } catch (IOException e) {
      throw new LoadException("no selector", e);
    }
    try {
      for (int i = 1; i <= load.connections(); i++) {
        generator.connections.add(generator.open(i));
      }
    } catch (LoadException | InterruptedException | RuntimeException e) {
      generator.close();
      throw e;
    }
    return generator;
  }

  private Connection open(int number) throws LoadException, InterruptedException {
    try {
      SocketChannel channel = SocketChannel.open();
      try {
        int millis = Math.clamp(load.patience().toMillis(), 1, Integer.MAX_VALUE);
        channel.socket().connect(load.server(), millis);
        if (channel.getLocalAddress().equals(channel.getRemoteAddress())) {
          throw new IOException("nothing listens there: the connection met itself");
        }
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        return new Connection(number, channel);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (ClosedByInterruptException e) {
      throw interrupted();
    } catch (SocketTimeoutException e) {
      throw new LoadException(
          "connection %d: %s did not accept it within %s"
              .formatted(number, load.server(), load.patience()));
    } catch (InterruptedIOException e) {
      throw interrupted();
    } catch (IOException e) {
      throw new LoadException("connection %d: %s".formatted(number, load.server()), e);
    }
  }

  private static InterruptedException interrupted() {
    Thread.interrupted();
    return new InterruptedException("interrupted under load");
  }

  /**
   * Keeps the server busy for that long, then waits for the replies still owed. A round to warm up
   * is a round whose result nobody looks at.
   *
   * @throws LoadException if the server does not stand it; within {@code duration} and the load's
   *     patience, whatever the server does
   */
  public LoadResult round(Duration duration) throws LoadException, InterruptedException {
    latencies.reset();
    lags.reset();
    outstanding = 0;
    answered = 0;
    next = 0;
    start = System.nanoTime();
    end = start + duration.toNanos();
    try {
      for (Connection connection : connections) {
        connection.start();
      }
      long checked = start;
      while (outstanding > 0 || isDueBeforeEnd(next)) {
        if (load.rate() == 0) {
          selector.select(whenReady, CHECK_MILLIS);
        } else {
          selector.selectNow(whenReady);
          beginDue();
        }
        if (Thread.interrupted()) {
          throw interrupted();
        }
        long now = System.nanoTime();
        if (now - checked > CHECK_MILLIS * 1_000_000) {
          checked = now;
          for (Connection connection : connections) {
            connection.check(now);
          }
        }
      }
    } catch (Failure failure) {
      throw failure.what;
    } catch (IOException e) {
      throw new LoadException("the selector failed", e);
    }
    return result(duration);
  }

  /** Open loop: when a message falls due, by its number. */
  private long due(long number) {
    return start + number * NANOS_PER_SECOND / load.rate();
  }

  private boolean isDueBeforeEnd(long number) {
    return load.rate() > 0 && due(number) - end < 0;
  }

  /** Open loop: gives each message that is due by now to its connection. */
  private void beginDue() {
    long now = System.nanoTime();
    for (; isDueBeforeEnd(next) && due(next) - now <= 0; next++) {
      connections.get((int) (next % connections.size())).pursue(now);
    }
  }

  private LoadResult result(Duration duration) {
    long total = 0;
    long least = Long.MAX_VALUE;
    for (Connection connection : connections) {
      connection.giveUp();
      total += connection.served;
      least = Math.min(least, connection.served);
    }
    double mean = (double) total / connections.size();
    return new LoadResult(
        total,
        answered,
        duration,
        LoadResult.Latency.of(latencies),
        Duration.ofNanos(lags.getValueAtPercentile(99)),
        total == 0 ? 0 : least / mean);
  }

  private void ready(SelectionKey key) {
    Connection connection = (Connection) key.attachment();
    if (key.isReadable()) {
      connection.receive();
    }
    if (key.isValid() && key.isWritable()) {
      connection.send();
    }
  }

  /** Closes all connections. */
  @Override
  public void close() {
    for (Connection connection : connections) {
      try {
        connection.channel.close();
      } catch (IOException _) {
        // There is nothing left to save.
      }
    }
    try {
      selector.close();
    } catch (IOException _) {
      // As above.
    }
  }

  /** Carries a failure out of the selector's callback. */
  private static final class Failure extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    private final LoadException what;

    Failure(LoadException what) {
      super(what);
      this.what = what;
    }
  }

  private final class Connection {

    private final int number;
    private final SocketChannel channel;
    private final SelectionKey key;

    /** The message, from the byte to be sent next; and its reply, from the byte to come next. */
    private final ByteBuffer message;

    private final ByteBuffer reply;

    /** When each message in flight was begun: a ring, the oldest at {@code oldest}. */
    private final long[] begun = new long[load.inFlight()];

    private int oldest;
    private int inFlight;

    /** How many of those in flight are not sent to their last byte. */
    private int unsent;

    /** Open loop: the number of its next message. */
    private long upcoming;

    private long lastByte;
    private long served;

    Connection(int number, SocketChannel channel) throws IOException {
      this.number = number;
      this.channel = channel;
      this.key = channel.register(selector, SelectionKey.OP_READ, this);
      this.message = ByteBuffer.allocateDirect(load.messageBytes());
      this.reply = ByteBuffer.allocateDirect(load.messageBytes());
      // Each connection says something else, of every byte value: a reply that went to the wrong
      // one, or lost a byte, differs.
      for (int i = 0; i < load.messageBytes(); i++) {
        int octet = (i % 3 == 0 ? 'a' + (i + number) % 26 : i * 7 + number * 31) & 0xFF;
        message.put(i, (byte) octet);
        reply.put(i, (byte) (octet >= 'a' && octet <= 'z' ? octet - 0x20 : octet));
      }
    }

    void start() {
      served = 0;
      long now = System.nanoTime();
      lastByte = now;
      upcoming = number - 1L;
      while (load.rate() == 0 && inFlight < begun.length) {
        begin(now);
      }
      send();
    }

    private void begin(long when) {
      begun[(oldest + inFlight) % begun.length] = when;
      inFlight++;
      outstanding++;
      unsent++;
    }

    /** Open loop: begins what is due on this connection, as far as there may be more in flight. */
    void pursue(long now) {
      if (inFlight == 0) {
        lastByte = now;
        lags.recordValue(Math.max(0, now - due(upcoming)));
      }
      beginWhatIsDue(now);
      send();
    }

    private void beginWhatIsDue(long now) {
      while (inFlight < begun.length && isDueBeforeEnd(upcoming) && due(upcoming) - now <= 0) {
        begin(due(upcoming));
        upcoming += connections.size();
      }
    }

    /** Open loop: what was due, but could not be begun, has waited until now at least. */
    void giveUp() {
      for (; isDueBeforeEnd(upcoming); upcoming += connections.size()) {
        latencies.recordValue(end - due(upcoming));
      }
    }

    void send() {
      try {
        while (unsent > 0) {
          channel.write(message);
          if (message.hasRemaining()) {
            key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            return;
          }
          message.rewind();
          unsent--;
        }
        key.interestOps(SelectionKey.OP_READ);
      } catch (IOException e) {
        throw broken(e);
      }
    }

    void receive() {
      int count;
      try {
        count = channel.read(received.clear());
      } catch (IOException e) {
        throw broken(e);
      }
      long now = System.nanoTime();
      if (count < 0) {
        throw failure("the server closed it early, " + owed());
      }
      lastByte = now;
      received.flip();
      while (received.hasRemaining()) {
        verify(now);
      }
      send();
    }

    /** Takes what belongs to one reply. */
    private void verify(long now) {
      if (inFlight == 0) {
        throw failure("the server sent %d bytes too many".formatted(received.remaining()));
      }
      int length = Math.min(received.remaining(), load.messageBytes() - reply.position());
      int last = received.limit();
      received.limit(received.position() + length);
      reply.limit(reply.position() + length);
      int wrong = received.mismatch(reply);
      if (wrong >= 0) {
        throw failure(
            "byte %d of a reply is 0x%02X, not 0x%02X"
                .formatted(
                    reply.position() + wrong,
                    received.get(received.position() + wrong) & 0xFF,
                    reply.get(reply.position() + wrong) & 0xFF));
      }
      received.position(received.limit()).limit(last);
      reply.position(reply.limit());
      if (reply.position() == load.messageBytes()) {
        complete(now);
      }
    }

    private void complete(long now) {
      reply.clear();
      latencies.recordValue(now - begun[oldest]);
      oldest = (oldest + 1) % begun.length;
      inFlight--;
      outstanding--;
      answered++;
      if (now - end >= 0) {
        return;
      }
      served++;
      if (load.rate() == 0) {
        begin(now);
      } else {
        beginWhatIsDue(now);
      }
    }

    /** Whether it has waited too long, or the whole round has. */
    void check(long now) {
      long patience = load.patience().toNanos();
      if (inFlight > 0 && (now - lastByte > patience || now - end > patience)) {
        throw failure("no answer within %s, %s".formatted(load.patience(), owed()));
      }
    }

    private String owed() {
      return "%d of %d bytes of a reply had come".formatted(reply.position(), load.messageBytes());
    }

    private Failure broken(IOException e) {
      return failure("%s, %s".formatted(e.getMessage(), owed()));
    }

    private Failure failure(String what) {
      return new Failure(
          new LoadException("connection %d of %d: %s".formatted(number, load.connections(), what)));
    }
  }
}
