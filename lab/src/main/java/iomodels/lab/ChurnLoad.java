package iomodels.lab;

import iomodels.lab.Loop.Failure;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Load of connections that are opened for one message: connect, send, take the whole reply, close,
 * over and over, in several lanes side by side. Latency is from connecting to the last byte.
 *
 * <p>Who closes first keeps the port for a minute (TIME_WAIT, RFC 9293), and here that is the
 * client. So the lanes come from many loopback addresses, each of which has ports of its own.
 */
final class ChurnLoad implements LoadGenerator, Course.Clients {

  private static final int RECEIVE_BYTES = 64 * 1024;

  /** 127.0.1.1 and those after it: Linux answers for all of 127.0.0.0/8. */
  private static final int ADDRESSES = 250;

  private final Load load;
  private final Course course;
  private final List<Lane> lanes = new ArrayList<>();
  private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES);
  private final boolean loopback;
  private int address;
  private int open;

  private ChurnLoad(Load load) throws LoadException {
    this.load = load;
    // IPv6 has one loopback address only: no source can be chosen there.
    loopback =
        load.server().getAddress() instanceof Inet4Address server && server.isLoopbackAddress();
    course = new Course(0, ChurnLoad::ready);
    for (int i = 0; i < load.connections(); i++) {
      lanes.add(new Lane(i));
    }
  }

  /** Opens one connection, so that a server that is not there is found out at once. */
  static ChurnLoad prepare(Load load) throws LoadException, InterruptedException {
    if (load.rate() > 0 || load.inFlight() > 1) {
      throw new LoadException("connections that come and go carry one message each, at no rate");
    }
    ChurnLoad generator = new ChurnLoad(load);
    try {
      StreamLoad.connect(load.withShape(Load.Shape.STREAM).withConnections(1)).close();
      return generator;
    } catch (LoadException | InterruptedException | RuntimeException e) {
      generator.close();
      throw e;
    }
  }

  @Override
  public LoadResult round(Duration duration, Observer observer)
      throws LoadException, InterruptedException {
    return course.run(this, duration, observer);
  }

  @Override
  public void start() {
    lanes.forEach(Lane::start);
  }

  @Override
  public boolean areOwed() {
    return open > 0;
  }

  @Override
  public void pursue(long message, long now) {
    throw new IllegalStateException("in a closed loop nothing falls due");
  }

  @Override
  public void check(long now) {
    lanes.forEach(it -> it.check(now));
  }

  @Override
  public void giveUp() {
    // In a closed loop there is nothing that was due.
  }

  @Override
  public LongStream served() {
    return lanes.stream().mapToLong(it -> it.served);
  }

  private static void ready(SelectionKey key) {
    ((Lane) key.attachment()).go();
  }

  @Override
  public void close() {
    course.close();
  }

  /** One connection after another. */
  private final class Lane {

    private final int number;
    private final ByteBuffer message;
    private final ByteBuffer reply;
    private SocketChannel channel;
    private SelectionKey key;
    private long begun;
    private long served;

    @SuppressWarnings("NullAway.Init") // each begins with connect()
    Lane(int index) {
      number = index + 1;
      message = direct(load.exchange().message(index));
      reply = direct(load.exchange().reply(index));
    }

    private static ByteBuffer direct(byte[] bytes) {
      return ByteBuffer.allocateDirect(bytes.length).put(bytes).rewind();
    }

    void start() {
      served = 0;
      connect();
    }

    private void connect() {
      message.clear();
      reply.clear();
      begun = System.nanoTime();
      try {
        channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        if (loopback) {
          channel.bind(new InetSocketAddress(nextAddress(), 0));
        }
        boolean connected = channel.connect(load.server());
        open++;
        key =
            channel.register(
                course.loop.selector,
                connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT,
                this);
        if (connected) {
          send();
        }
      } catch (BindException | NoRouteToHostException e) {
        quietly(channel);
        throw failure("no free port for it (%s): too many wait out TIME_WAIT", e);
      } catch (IOException e) {
        quietly(channel);
        throw failure("%s", e);
      }
    }

    /** It may not have come so far that the selector would close it. */
    private static void quietly(SocketChannel channel) {
      try {
        channel.close();
      } catch (IOException _) {
        // There is nothing left to save.
      }
    }

    private InetAddress nextAddress() throws IOException {
      address = (address + 1) % ADDRESSES;
      return InetAddress.getByAddress(new byte[] {127, 0, 1, (byte) (1 + address)});
    }

    /** Goes on where it is. */
    void go() {
      try {
        if (key.isConnectable()) {
          channel.finishConnect();
          key.interestOps(SelectionKey.OP_READ);
          send();
        } else if (key.isWritable()) {
          send();
        } else {
          receive();
        }
      } catch (IOException e) {
        throw failure("%s", e);
      }
    }

    private void send() throws IOException {
      channel.write(message);
      key.interestOps(message.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    }

    private void receive() throws IOException {
      int count = channel.read(received.clear());
      if (count < 0) {
        throw failure("the server closed it early, " + owed());
      }
      received.flip();
      if (count > reply.remaining()) {
        throw failure("the server sent %d bytes too many".formatted(count - reply.remaining()));
      }
      int last = reply.limit();
      reply.limit(reply.position() + count);
      int wrong = received.mismatch(reply);
      if (wrong >= 0) {
        throw failure("byte %d of the reply is wrong".formatted(reply.position() + wrong));
      }
      reply.position(reply.limit()).limit(last);
      if (!reply.hasRemaining()) {
        complete();
      }
    }

    private void complete() throws IOException {
      long now = System.nanoTime();
      course.tally.answered(begun, now);
      channel.close();
      open--;
      if (!course.schedule().isOver(now)) {
        served++;
        connect();
      }
    }

    void check(long now) {
      if (channel.isOpen() && now - begun > load.patience().toNanos()) {
        throw failure("no answer within %s, %s".formatted(load.patience(), owed()));
      }
    }

    private String owed() {
      return "%d of %d bytes of a reply had come".formatted(reply.position(), reply.capacity());
    }

    private Failure failure(String format, IOException e) {
      return failure(format.formatted(e.getMessage()));
    }

    private Failure failure(String what) {
      return new Failure(
          new LoadException("lane %d of %d: %s".formatted(number, load.connections(), what)));
    }
  }
}
