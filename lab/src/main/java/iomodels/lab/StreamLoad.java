package iomodels.lab;

import iomodels.lab.Loop.Failure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Load over TCP connections that stay open. */
final class StreamLoad implements LoadGenerator, Course.Clients {

  private static final int RECEIVE_BYTES = 64 * 1024;

  private final Load load;
  private final Course course;
  private final Tally tally;
  private final List<Connection> connections = new ArrayList<>();
  private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES);

  /** How many messages await their reply, over all connections. */
  private int outstanding;

  private StreamLoad(Load load) throws LoadException {
    this.load = load;
    course = new Course(load.rate(), StreamLoad::ready);
    tally = course.tally;
  }

  static StreamLoad connect(Load load) throws LoadException, InterruptedException {
    StreamLoad generator = new StreamLoad(load);
    try {
      for (int i = 0; i < load.connections(); i++) {
        generator.connections.add(generator.open(i));
      }
    } catch (LoadException | InterruptedException | RuntimeException e) {
      generator.close();
      throw e;
    }
    return generator;
  }

  private Connection open(int index) throws LoadException, InterruptedException {
    return new Connection(index, channel(load, index + 1));
  }

  /** A connection that does not block, for any generator. */
  static SocketChannel channel(Load load, int number) throws LoadException, InterruptedException {
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
        return channel;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (SocketTimeoutException e) {
      throw new LoadException(
          "connection %d: %s did not accept it within %s"
              .formatted(number, load.server(), load.patience()));
    } catch (InterruptedIOException e) {
      throw Loop.interrupted();
    } catch (IOException e) {
      if (Loop.isInterrupt(e)) {
        throw Loop.interrupted();
      }
      throw new LoadException("connection %d: %s".formatted(number, load.server()), e);
    }
  }

  @Override
  public LoadResult round(Duration duration, Observer observer)
      throws LoadException, InterruptedException {
    return course.run(this, duration, observer);
  }

  @Override
  public void start() {
    outstanding = 0;
    connections.forEach(it -> it.start(course.schedule().start()));
  }

  @Override
  public boolean areOwed() {
    return outstanding > 0;
  }

  @Override
  public void pursue(long message, long now) {
    connections.get((int) (message % connections.size())).pursue(now);
  }

  @Override
  public void check(long now) {
    connections.forEach(it -> it.check(now));
  }

  @Override
  public void giveUp() {
    connections.forEach(Connection::giveUp);
  }

  @Override
  public LongStream served() {
    return connections.stream().mapToLong(it -> it.served);
  }

  private static void ready(SelectionKey key) {
    Connection connection = (Connection) key.attachment();
    int ready = key.readyOps();
    if ((ready & SelectionKey.OP_READ) != 0) {
      connection.receive();
    } else if (ready != 0) {
      connection.send();
    }
  }

  @Override
  public void close() {
    course.close();
  }

  private final class Connection {

    private final int number;
    private final SocketChannel channel;
    private final SelectionKey key;

    /** Messages one after the other, so that all that are begun go out in one call. */
    private final ByteBuffer messages;

    private final int messageBytes;

    /**
     * How many bytes of messages that are begun are not sent, and where in a message they start.
     */
    private long unsent;

    private int sendAt;

    /** A reply, from the byte to come next. */
    private final ByteBuffer reply;

    /** When each message in flight was begun: a ring, the oldest at {@code oldest}. */
    private final long[] begun = new long[load.inFlight()];

    /** Open loop: when each was really handed over. */
    private final long[] handedOver = new long[load.inFlight()];

    private int oldest;
    private int inFlight;

    /** Open loop: the number of its next message. */
    private long upcoming;

    private long lastByte;
    private long served;
    private boolean awaitsRoom;

    Connection(int index, SocketChannel channel) throws LoadException {
      this.number = index + 1;
      this.channel = channel;
      key = course.loop.watch(channel, this);
      byte[] message = load.exchange().message(index);
      messageBytes = message.length;
      int copies = Math.clamp(RECEIVE_BYTES / messageBytes, 1, load.inFlight());
      messages = ByteBuffer.allocateDirect(copies * messageBytes);
      while (messages.hasRemaining()) {
        messages.put(message);
      }
      byte[] answer = load.exchange().reply(index);
      reply = ByteBuffer.allocateDirect(answer.length).put(answer).rewind();
    }

    void start(long now) {
      served = 0;
      lastByte = now;
      upcoming = number - 1L;
      while (load.rate() == 0 && inFlight < begun.length) {
        begin(now, now);
      }
      send();
    }

    private void begin(long when, long now) {
      int slot = (oldest + inFlight) % begun.length;
      begun[slot] = when;
      handedOver[slot] = now;
      inFlight++;
      outstanding++;
      unsent += messageBytes;
    }

    /** Open loop: begins what is due on this connection, as far as there may be more in flight. */
    void pursue(long now) {
      if (inFlight == 0) {
        lastByte = now;
        tally.late(now - course.schedule().due(upcoming));
      }
      beginWhatIsDue(now);
      send();
    }

    private void beginWhatIsDue(long now) {
      while (inFlight < begun.length && course.schedule().isDue(upcoming, now)) {
        begin(course.schedule().due(upcoming), now);
        upcoming += connections.size();
      }
    }

    /** Open loop: what was due, but could not be begun, has waited until now at least. */
    void giveUp() {
      for (; course.schedule().includes(upcoming); upcoming += connections.size()) {
        tally.neverSent(course.schedule().end() - course.schedule().due(upcoming));
      }
    }

    void send() {
      try {
        while (unsent > 0) {
          messages.limit((int) Math.min(messages.capacity(), sendAt + unsent)).position(sendAt);
          int sent = channel.write(messages);
          unsent -= sent;
          sendAt = (sendAt + sent) % messageBytes;
          if (messages.hasRemaining()) {
            awaitRoom(true);
            return;
          }
        }
        awaitRoom(false);
      } catch (IOException e) {
        throw broken(e);
      }
    }

    private void awaitRoom(boolean wanted) {
      if (wanted != awaitsRoom) {
        awaitsRoom = wanted;
        key.interestOps(
            wanted ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
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
      int length = Math.min(received.remaining(), reply.capacity() - reply.position());
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
      if (reply.position() == reply.capacity()) {
        complete(now);
      }
    }

    private void complete(long now) {
      reply.clear();
      tally.answered(begun[oldest], now);
      if (load.rate() > 0) {
        tally.uncorrected(handedOver[oldest], now);
      }
      oldest = oldest + 1 == begun.length ? 0 : oldest + 1;
      inFlight--;
      outstanding--;
      if (course.schedule().isOver(now)) {
        return;
      }
      served++;
      if (load.rate() == 0) {
        begin(now, now);
      } else {
        beginWhatIsDue(now);
      }
    }

    /** Whether it has waited too long, or the whole round has. */
    void check(long now) {
      long patience = load.patience().toNanos();
      if (inFlight > 0 && (now - lastByte > patience || now - course.schedule().end() > patience)) {
        throw failure("no answer within %s, %s".formatted(load.patience(), owed()));
      }
    }

    private String owed() {
      return "%d of %d bytes of a reply had come".formatted(reply.position(), reply.capacity());
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
