package iomodels.wrong;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The correct reference server: a blocking server with a virtual thread for each connection. It
 * keeps every rule. Each step is a method, and a wrong server overrides one of them.
 */
class CorrectServer implements Server {

  private static final long POLL_MILLIS = 5;
  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  final ServerConfig config;
  final Service service;
  final ServerSocketChannel listener;
  final DatagramChannel datagrams;

  /** The open connections, each with its thread. */
  final Map<Conversation, Thread> conversations = new ConcurrentHashMap<>();

  /** Set before the acceptor is woken up for the last time. */
  private volatile boolean refusing;

  /** Completed when the accept queue is empty. */
  private final CompletableFuture<Void> queueAccepted = new CompletableFuture<>();

  private final AtomicBoolean stopped = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  CorrectServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = ServerSocketChannel.open();
    datagrams = DatagramChannel.open();
  }

  /** Binds the sockets and starts to serve. */
  final CorrectServer start() throws IOException {
    try {
      bind();
    } catch (IOException e) {
      listener.close();
      datagrams.close();
      throw e;
    }
    Thread.ofVirtual().name("accept").start(() -> drive(this::acceptAll));
    if (config.datagrams() && service.datagrams().isPresent()) {
      Responder responder = service.datagrams().get();
      Thread.ofVirtual().name("datagrams").start(() -> drive(() -> answerAll(responder)));
    }
    return this;
  }

  void bind() throws IOException {
    listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    listener.bind(config.address(), config.backlog());
    if (config.datagrams()) {
      datagrams.bind(listener.getLocalAddress());
    }
  }

  private void drive(Runnable loop) {
    try {
      loop.run();
    } catch (RuntimeException e) {
      terminated.completeExceptionally(e);
    }
  }

  private void acceptAll() {
    while (listener.isOpen() && !refusing) {
      try {
        admit(accept());
      } catch (IOException _) {
        pause(); // closed, or out of file descriptors: a busy loop would not help
      }
    }
  }

  SocketChannel accept() throws IOException {
    SocketChannel channel = listener.accept();
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return channel;
  }

  /** Starts a thread for the connection. */
  void admit(SocketChannel channel) {
    Conversation it = new Conversation(channel, open());
    Thread thread = Thread.ofVirtual().unstarted(() -> attend(it));
    conversations.put(it, thread);
    thread.start();
  }

  Session open() {
    return service.open();
  }

  /** Serves the connection to its end, and closes it in any case. */
  final void attend(Conversation it) {
    try (it.channel) {
      converse(it);
    } catch (IOException e) {
      connectionLost(it, e);
    } catch (InterruptedException _) {
      // close() cut the connection off
    } finally {
      conversations.remove(it);
    }
  }

  void converse(Conversation it) throws IOException, InterruptedException {
    boolean endOfInput = false;
    while (it.progress != Progress.FINISHED) {
      if (it.progress == Progress.UNDERFLOW) {
        it.waitingSince = System.nanoTime();
        it.waiting = true;
        endOfInput = !receive(it);
        it.waiting = false;
      }
      it.progress = advance(it, endOfInput);
      it.out.flip();
      send(it);
      it.out.clear();
    }
    finish(it);
  }

  /** Receives at least one byte; returns false at the end of input. */
  boolean receive(Conversation it) throws IOException {
    it.in.clear();
    int n = it.channel.read(it.in);
    it.in.flip();
    it.hasReceived |= n > 0;
    return n >= 0;
  }

  Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
    return it.session.advance(it.in, it.out, endOfInput);
  }

  /** Sends all of {@code out}. */
  void send(Conversation it) throws IOException, InterruptedException {
    while (it.out.hasRemaining()) {
      it.bytesSent += it.channel.write(it.out);
    }
  }

  /** Sends FIN, then discards input: closing with unread input would send RST. */
  void finish(Conversation it) throws IOException, InterruptedException {
    it.channel.shutdownOutput();
    long deadline = System.nanoTime() + config.linger().toNanos();
    Socket socket = it.channel.socket();
    InputStream rest = socket.getInputStream();
    do {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      socket.setSoTimeout((int) Math.max(1, left));
    } while (rest.read(it.in.array()) >= 0 && System.nanoTime() < deadline);
  }

  /** Called when the connection fails, for instance by a reset. */
  void connectionLost(Conversation it, IOException why) {}

  private void answerAll(Responder responder) {
    ByteBuffer datagram = ByteBuffer.allocate(Responder.MAX_DATAGRAM);
    ByteBuffer reply = ByteBuffer.allocate(Responder.MAX_DATAGRAM);
    while (datagrams.isOpen()) {
      try {
        SocketAddress sender = datagrams.receive(datagram.clear());
        responder.reply(datagram.flip(), reply.clear());
        answer(sender, datagram.rewind(), reply.flip());
      } catch (IOException _) {
        pause(); // closed, or the sender is unreachable, which must not end the loop
      }
    }
  }

  /** Sends the reply to the sender of the datagram. */
  void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
    datagrams.send(reply, sender);
  }

  static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.socket().getLocalSocketAddress();
  }

  @Override
  public final CompletableFuture<Void> terminated() {
    return terminated;
  }

  @Override
  public final void close() {
    if (stopped.compareAndSet(false, true)) {
      refuse();
      drain();
      closeQuietly(listener);
      conversations.forEach(CorrectServer::cutOff);
      await(conversations::isEmpty, gracePeriod());
      terminated.complete(null);
    }
    terminated.exceptionally(_ -> null).join();
  }

  /** Returns how long to wait for pending replies to be received. */
  Duration gracePeriod() {
    return config.gracePeriod();
  }

  /** Refuses new connections, but serves those that the kernel has already established. */
  void refuse() {
    refusing = true;
    closeQuietly(datagrams);
    Thread.ofVirtual().name("refuse").start(this::acceptTheQueue);
  }

  /** Accepts the queued connections first: closing the listener would reset them. */
  private void acceptTheQueue() {
    List<SocketChannel> queue = new ArrayList<>();
    try (listener;
        SocketChannel _ = SocketChannel.open(listener.getLocalAddress())) { // wakes the acceptor
      listener.configureBlocking(false);
      for (SocketChannel next = listener.accept(); next != null; next = listener.accept()) {
        queue.add(next);
      }
    } catch (IOException _) {
      // out of file descriptors
    }
    queue.forEach(this::admit);
    queueAccepted.complete(null);
  }

  /** Returns whether the server has been told to stop. */
  final boolean refusing() {
    return refusing;
  }

  static void closeQuietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // The descriptor is released even if close fails.
    }
  }

  /** Waits for pending replies to be delivered, for the grace period at most. */
  void drain() {
    await(
        () -> {
          conversations.keySet().stream().filter(this::isIdle).forEach(this::dismiss);
          return conversations.isEmpty() && queueAccepted.isDone();
        },
        gracePeriod());
  }

  /** Input that was sent before the stop may still arrive, so a pause has to pass first. */
  private boolean isIdle(Conversation it) {
    return it.waiting && System.nanoTime() - it.waitingSince > IDLE_NANOS;
  }

  /** Ends the input of a client that has no pending replies. */
  void dismiss(Conversation it) {
    try {
      it.channel.shutdownInput(); // wakes the thread, which reads the end of input
    } catch (IOException _) {
      // the connection has just ended
    }
  }

  private static void cutOff(Conversation it, Thread thread) {
    thread.interrupt(); // closes the channel if the thread is blocked on it
  }

  private static void await(Condition condition, Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    while (!condition.holds() && System.nanoTime() < deadline) {
      pause();
    }
  }

  private interface Condition {
    boolean holds();
  }
}
