package iomodels.conformance;

import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.Target;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The control server: the simplest server that keeps the rules about time, with a blocking virtual
 * thread for each connection, in the kit's own JVM. If it breaks such a rule as well, the machine
 * is too busy.
 */
final class Control implements Target {

  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(50);

  private final Service service;
  private final ServerSocketChannel listener;

  Control(Service service) throws IOException {
    this.service = service;
    listener = ServerSocketChannel.open();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
    Thread.ofVirtual().start(this::accept);
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel channel = listener.accept();
        Thread.ofVirtual().start(() -> converse(channel, service.open()));
      } catch (IOException _) {
        LockSupport.parkNanos(PAUSE); // closed, or out of descriptors: do not spin
      }
    }
  }

  private static void converse(SocketChannel channel, Session session) {
    ByteBuffer in = ByteBuffer.allocateDirect(16 * 1024).limit(0);
    ByteBuffer out = ByteBuffer.allocateDirect(16 * 1024);
    boolean endOfInput = false;
    Progress progress = Progress.UNDERFLOW;
    try (channel) {
      channel.socket().setTcpNoDelay(true);
      while (progress != Progress.FINISHED) {
        if (progress == Progress.UNDERFLOW) {
          endOfInput = channel.read(in.clear()) < 0;
          in.flip();
        }
        progress = session.advance(in, out, endOfInput);
        for (out.flip(); out.hasRemaining(); ) {
          channel.write(out);
        }
        out.clear();
      }
    } catch (IOException _) {
      // the client is gone
    }
  }

  @Override
  public String name() {
    return "control";
  }

  @Override
  public Optional<Set<Capability>> claims() {
    return Optional.of(Set.of(Capability.CONCURRENT, Capability.HALF_CLOSE));
  }

  @Override
  public boolean serves(Service wanted) {
    return wanted.equals(service);
  }

  @Override
  public boolean launchable() {
    return false;
  }

  @Override
  public InetSocketAddress shared(Service wanted) throws IOException {
    return (InetSocketAddress) listener.getLocalAddress();
  }

  @Override
  public Instance launch(Service wanted, int port) {
    throw new IllegalStateException("the control server cannot be launched");
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException ignored) {
      // nothing depends on the listener any more
    }
  }
}
