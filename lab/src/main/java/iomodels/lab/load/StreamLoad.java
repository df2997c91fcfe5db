package iomodels.lab.load;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Load over TCP connections that stay open. */
final class StreamLoad {

  /** About how much is handed to the kernel in one call. */
  private static final int SEND_BYTES = 64 * 1024;

  private final RoundRunner runner;
  private final RoundRecorder recorder;
  private final Load load;

  private StreamLoad(RoundRunner runner) {
    this.runner = runner;
    recorder = runner.recorder;
    load = runner.load;
  }

  /** Opens all connections. */
  static LoadGenerator connect(Load load) throws LoadException, InterruptedException {
    return RoundRunner.open(load, StreamLoad::ready, runner -> new StreamLoad(runner).connect());
  }

  private void connect() throws LoadException, InterruptedException {
    for (int i = 0; i < load.connections(); i++) {
      runner.add(new Connection(i, channel(load, i + 1)));
    }
  }

  /** Opens a non-blocking connection, for any shape of load. */
  static SocketChannel channel(Load load, int number) throws LoadException, InterruptedException {
    return channel(load, number, Optional.empty());
  }

  /** Opens a non-blocking connection, from an address if one is given. */
  static SocketChannel channel(Load load, int number, Optional<InetSocketAddress> source)
      throws LoadException, InterruptedException {
    try {
      SocketChannel channel = SocketChannel.open();
      try {
        if (source.isPresent()) {
          channel.bind(source.get());
        }
        int millis = Math.clamp(load.patience().toMillis(), 1, Integer.MAX_VALUE);
        channel.socket().connect(load.server(), millis);
        if (channel.getLocalAddress().equals(channel.getRemoteAddress())) {
          throw new IOException("no server listens there: the connection has connected to itself");
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
      throw SelectorLoop.interrupted();
    } catch (IOException e) {
      if (SelectorLoop.isInterrupt(e)) {
        throw SelectorLoop.interrupted();
      }
      throw new LoadException("connection %d: %s".formatted(number, load.server()), e);
    }
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

  private final class Connection extends Sender {

    private final int index;
    private final SocketChannel channel;
    private final SelectionKey key;

    /** Copies of the message in a row: all messages that are begun go out in one call. */
    private final ByteBuffer messages;

    private final int messageBytes;

    /** How many bytes of begun messages are not sent yet, and where in a message they start. */
    private long unsent;

    private int sendAt;

    private final ReplyVerifier reply;

    /** When each message in flight was begun: a ring, the oldest at {@code oldest}. */
    private final long[] begun = new long[load.inFlight()];

    /** Open loop: when each of them was really sent. */
    private final long[] handedOver = new long[load.inFlight()];

    private int oldest;
    private int inFlight;
    private long lastByte;
    private boolean awaitsRoom;

    Connection(int index, SocketChannel channel) throws LoadException {
      super(index, load.connections());
      this.index = index;
      this.channel = channel;
      key = runner.loop.watch(channel, this);
      byte[] message = load.payload().message(index);
      messageBytes = message.length;
      int copies = Math.clamp(SEND_BYTES / messageBytes, 1, load.inFlight());
      messages = ByteBuffer.allocateDirect(copies * messageBytes);
      while (messages.hasRemaining()) {
        messages.put(message);
      }
      reply = load.payload().verifier(index, this::failure);
    }

    @Override
    void start(long now) {
      lastByte = now;
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
      runner.addOutstanding();
      unsent += messageBytes;
    }

    @Override
    void sendDue(long now) {
      if (inFlight == 0) {
        lastByte = now;
        recorder.late(now - cursor.due(runner.schedule()));
      }
      beginDue(now);
      send();
    }

    private void beginDue(long now) {
      while (inFlight < begun.length && cursor.isDue(runner.schedule(), now)) {
        begin(cursor.take(runner.schedule()), now);
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
        throw failure(e);
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
      ByteBuffer received = runner.received;
      int count;
      try {
        count = channel.read(received.clear());
      } catch (IOException e) {
        throw failure(e);
      }
      long now = System.nanoTime();
      if (count < 0) {
        throw failure("the server closed the connection early, " + reply.progress());
      }
      lastByte = now;
      received.flip();
      while (received.hasRemaining()) {
        if (inFlight == 0) {
          throw failure("the server sent %d bytes too many".formatted(received.remaining()));
        }
        reply.verify(received);
        if (reply.isComplete()) {
          complete(now);
        }
      }
      send();
    }

    private void complete(long now) {
      reply.reset();
      recorder.replied(begun[oldest], handedOver[oldest], now);
      oldest = oldest + 1 == begun.length ? 0 : oldest + 1;
      inFlight--;
      runner.removeOutstanding();
      if (runner.schedule().isOver(now)) {
        return;
      }
      recorder.served(index);
      if (load.rate() == 0) {
        begin(now, now);
      } else {
        beginDue(now);
      }
    }

    /** It fails if the last byte, or the end of the round, is too long ago. */
    @Override
    void checkTimeout(long now) {
      long patience = load.patience().toNanos();
      if (inFlight > 0 && (now - lastByte > patience || now - runner.schedule().end() > patience)) {
        throw failure("no answer within %s, %s".formatted(load.patience(), reply.progress()));
      }
    }

    private LoadFailure failure(IOException e) {
      return failure("%s, %s".formatted(e.getMessage(), reply.progress()));
    }

    private LoadFailure failure(String what) {
      return LoadFailure.of("connection", index + 1, load.connections(), what);
    }
  }
}
