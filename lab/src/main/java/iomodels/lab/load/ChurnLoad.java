package iomodels.lab.load;

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

/**
 * Load of short connections. Each client connects, sends one message, receives the whole reply and
 * closes, over and over. Latency is measured from connecting to the last byte.
 *
 * <p>The side that closes first keeps the port for a minute (TIME_WAIT, RFC 9293), and here that is
 * the client. Therefore clients connect from many loopback addresses: each has ports of its own.
 */
final class ChurnLoad {

  /** 127.0.1.1 and the addresses after it: Linux answers on all of 127.0.0.0/8. */
  private static final int ADDRESSES = 250;

  private final RoundRunner runner;
  private final Load load;
  private final boolean loopback;
  private int address;

  private ChurnLoad(RoundRunner runner) {
    this.runner = runner;
    load = runner.load;
    // IPv6 has one loopback address only: no source can be chosen there.
    loopback =
        load.server().getAddress() instanceof Inet4Address server && server.isLoopbackAddress();
  }

  /** Opens one connection and closes it, so that a missing server is an error at once. */
  static LoadGenerator prepare(Load load) throws LoadException, InterruptedException {
    if (load.rate() > 0 || load.inFlight() > 1) {
      throw new LoadException(
          "short connections carry one message each, in a closed loop: give neither a rate nor"
              + " messages in flight");
    }
    StreamLoad.connect(load.withShape(Load.Shape.STREAM).withConnections(1)).close();
    return RoundRunner.open(load, ChurnLoad::ready, runner -> new ChurnLoad(runner).addClients());
  }

  private void addClients() {
    for (int i = 0; i < load.connections(); i++) {
      runner.add(new ShortConnections(i));
    }
  }

  private static void ready(SelectionKey key) {
    ((ShortConnections) key.attachment()).proceed();
  }

  /** A client that opens one connection after another. */
  private final class ShortConnections extends Sender {

    private final int index;
    private final ByteBuffer message;
    private final ReplyVerifier reply;
    private SocketChannel channel;
    private SelectionKey key;
    private long begun;

    @SuppressWarnings("NullAway.Init") // connect() comes before any use
    ShortConnections(int index) {
      super(index, load.connections());
      this.index = index;
      message = Payload.direct(load.payload().message(index));
      reply = load.payload().verifier(index, this::failure);
    }

    @Override
    void start(long now) {
      connect();
    }

    private void connect() {
      message.clear();
      reply.reset();
      begun = System.nanoTime();
      try {
        channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        if (loopback) {
          channel.bind(new InetSocketAddress(nextAddress(), 0));
        }
        boolean connected = channel.connect(load.server());
        runner.addOutstanding();
        key =
            channel.register(
                runner.loop.selector,
                connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT,
                this);
        if (connected) {
          send();
        }
      } catch (BindException | NoRouteToHostException e) {
        closeQuietly(channel);
        throw failure("no free port (%s): too many are in TIME_WAIT", e);
      } catch (IOException e) {
        closeQuietly(channel);
        throw failure("%s", e);
      }
    }

    /** The selector does not close a channel that is not registered yet. */
    private static void closeQuietly(SocketChannel channel) {
      try {
        channel.close();
      } catch (IOException _) {
        // The failure that led here is reported.
      }
    }

    private InetAddress nextAddress() throws IOException {
      address = (address + 1) % ADDRESSES;
      return InetAddress.getByAddress(new byte[] {127, 0, 1, (byte) (1 + address)});
    }

    /** Does the next step that the channel is ready for. */
    void proceed() {
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
      int count = channel.read(runner.received.clear());
      if (count < 0) {
        throw failure("the server closed the connection early, " + reply.progress());
      }
      reply.verify(runner.received.flip());
      if (runner.received.hasRemaining()) {
        throw failure("the server sent %d bytes too many".formatted(runner.received.remaining()));
      }
      if (reply.isComplete()) {
        complete();
      }
    }

    private void complete() throws IOException {
      long now = System.nanoTime();
      runner.recorder.replied(begun, begun, now);
      channel.close();
      runner.removeOutstanding();
      if (!runner.schedule().isOver(now)) {
        runner.recorder.served(index);
        connect();
      }
    }

    @Override
    void sendDue(long now) {
      throw new IllegalStateException("no message falls due in a closed loop");
    }

    @Override
    void checkTimeout(long now) {
      if (channel.isOpen() && now - begun > load.patience().toNanos()) {
        throw failure("no answer within %s, %s".formatted(load.patience(), reply.progress()));
      }
    }

    private LoadFailure failure(String format, IOException e) {
      return failure(format.formatted(e.getMessage()));
    }

    private LoadFailure failure(String what) {
      return LoadFailure.of("client", index + 1, load.connections(), what);
    }
  }
}
