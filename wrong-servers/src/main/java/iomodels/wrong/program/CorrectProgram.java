package iomodels.wrong.program;

import static java.net.StandardSocketOptions.SO_LINGER;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What the correct twins have in common: how they begin and end, with a virtual thread for each
 * client. Each step is a method, and a wrong program is one of them with one step done differently.
 */
abstract class CorrectProgram implements Server {

  private static final long POLL_MILLIS = 5;

  final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();

  /** Those that are served, each with its thread. */
  private final Map<SocketChannel, Thread> clients = new ConcurrentHashMap<>();

  private final AtomicBoolean stopped = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  CorrectProgram(ProgramConfig config) throws IOException {
    this.config = config;
  }

  /** Binds, and begins to serve. */
  final CorrectProgram start() throws IOException {
    try {
      listener.setOption(SO_REUSEADDR, true);
      listener.bind(config.address(), config.backlog());
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    Thread.ofVirtual().name("accept").start(this::acceptAll);
    return this;
  }

  private void acceptAll() {
    while (listener.isOpen()) {
      try {
        admit(listener.accept());
      } catch (IOException _) {
        pause(); // closed; or out of descriptors, and then not in a hurry
      }
    }
  }

  private void admit(SocketChannel client) {
    Thread thread = Thread.ofVirtual().unstarted(() -> attend(client));
    clients.put(client, thread);
    thread.start();
  }

  private void attend(SocketChannel client) {
    try {
      client.setOption(TCP_NODELAY, true);
      serve(client);
    } catch (IOException | InterruptedException _) {
      // gone, or cut off
    } finally {
      end(client);
      clients.remove(client);
    }
  }

  /** All that there is to do for a client, which is closed afterwards. */
  abstract void serve(SocketChannel client) throws IOException, InterruptedException;

  /** Whatever has come of the conversation. */
  void end(SocketChannel client) {
    quietly(client);
  }

  static void say(SocketChannel channel, String text) throws IOException {
    say(channel, ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  static void say(SocketChannel channel, ByteBuffer out) throws IOException {
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  /** Not FIN but RST. */
  static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(SO_LINGER, 0);
    } catch (IOException _) {
      // closed already
    }
  }

  static void quietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // closed nevertheless
    }
  }

  static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public final InetSocketAddress address() {
    return (InetSocketAddress) listener.socket().getLocalSocketAddress();
  }

  @Override
  public final CompletableFuture<Void> terminated() {
    return terminated;
  }

  @Override
  public final void close() {
    if (stopped.compareAndSet(false, true)) {
      quietly(listener);
      clients.keySet().forEach(this::dismiss);
      awaitNobody();
      clients.forEach(this::cutOff);
      awaitNobody();
      stop();
      terminated.complete(null);
    }
    terminated.join();
  }

  /** A client has nothing more to say; what it is owed it is still given. */
  void dismiss(SocketChannel client) {
    quietly(client::shutdownInput);
  }

  /** Nobody is served any more. */
  void stop() {}

  private void cutOff(SocketChannel client, Thread thread) {
    reset(client);
    thread.interrupt();
  }

  private void awaitNobody() {
    long deadline = System.nanoTime() + gracePeriod().toNanos();
    while (!clients.isEmpty() && System.nanoTime() - deadline < 0) {
      pause();
    }
  }

  /** How long they are waited for. */
  Duration gracePeriod() {
    return config.gracePeriod();
  }
}
