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
 * The base class of the correct programs: starts, accepts and stops, with a virtual thread for each
 * client. Each step is a method, and a wrong program overrides one of them.
 */
abstract class CorrectProgram implements Server {

  private static final long POLL_MILLIS = 5;

  final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();

  /** The connected clients, each with its thread. */
  private final Map<SocketChannel, Thread> clients = new ConcurrentHashMap<>();

  private final AtomicBoolean stopped = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  CorrectProgram(ProgramConfig config) throws IOException {
    this.config = config;
  }

  /** Binds the sockets and starts to serve. */
  final CorrectProgram start() throws IOException {
    try {
      listener.setOption(SO_REUSEADDR, true);
      listener.bind(config.address(), config.backlog());
      checkUpstreams();
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    Thread.ofVirtual().name("accept").start(this::acceptAll);
    return this;
  }

  /** Fails if an upstream is this program, which would connect to itself without end. */
  void checkUpstreams() throws IOException {
    config.demandUpstreamElsewhere(address());
  }

  private void acceptAll() {
    while (listener.isOpen()) {
      try {
        admit(listener.accept());
      } catch (IOException _) {
        pause(); // closed, or out of file descriptors: a busy loop would not help
      }
    }
  }

  private void admit(SocketChannel client) {
    Thread thread = Thread.ofVirtual().unstarted(() -> attend(client));
    clients.put(client, thread);
    if (stopped.get()) {
      dismiss(client); // Accepted just before the stop, and missed by its round.
    }
    thread.start();
  }

  private void attend(SocketChannel client) {
    try {
      client.setOption(TCP_NODELAY, true);
      serve(client);
    } catch (IOException | InterruptedException e) {
      cutOff(e);
    } finally {
      end(client);
      clients.remove(client);
    }
  }

  /** Serves a client to its end; the caller closes the connection. */
  abstract void serve(SocketChannel client) throws IOException, InterruptedException;

  /** Called when the client has left, or close() has cut it off. */
  void cutOff(Exception e) {}

  /** Closes the connection, whatever the outcome. */
  void end(SocketChannel client) {
    closeQuietly(client);
  }

  static void writeFully(SocketChannel channel, String text) throws IOException {
    writeFully(channel, ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  static void writeFully(SocketChannel channel, ByteBuffer out) throws IOException {
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  /** Closes with RST instead of FIN. */
  static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(SO_LINGER, 0);
    } catch (IOException _) {
      // closed already
    }
  }

  static void closeQuietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // The descriptor is released even if close fails.
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
      closeQuietly(listener);
      clients.keySet().forEach(this::dismiss);
      awaitAllGone();
      clients.forEach(this::cutOff);
      awaitAllGone();
      stop();
      terminated.complete(null);
    }
    terminated.join();
  }

  /** Ends the client's input; pending output is still sent. */
  void dismiss(SocketChannel client) {
    closeQuietly(client::shutdownInput);
  }

  /** Called when all clients have left. */
  void stop() {}

  private void cutOff(SocketChannel client, Thread thread) {
    reset(client);
    thread.interrupt();
  }

  private void awaitAllGone() {
    long deadline = System.nanoTime() + gracePeriod().toNanos();
    while (!clients.isEmpty() && System.nanoTime() - deadline < 0) {
      pause();
    }
  }

  /** Returns how long to wait for clients to leave. */
  Duration gracePeriod() {
    return config.gracePeriod();
  }
}
