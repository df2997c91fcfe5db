package iomodels.blocking;

import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Question;
import iomodels.server.Server;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Asking several backends, with virtual threads: one for each that is asked, and each connects,
 * writes, reads. The JDK has had what is wanted since Java 5: {@code invokeAll} with a deadline,
 * and {@code invokeAny}; both interrupt whoever is not wanted any more, and a thread that is
 * interrupted in a call of a {@code SocketChannel} finds it closed: that is all there is to
 * cancelling.
 *
 * <p>Two more for each client: while one waits for answers the other reads, or else nobody would
 * notice that the client is gone. (Structured concurrency, JEP 505, will say it in fewer words; in
 * Java 25 it is a preview.)
 */
final class VirtualGather implements Server {

  private static final System.Logger LOG = System.getLogger("virtual-gather");
  private static final int BUFFER_SIZE = 2 * 1024;
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final long LAST_CALL = MILLISECONDS.toNanos(100);
  private static final int RETRIES = 1;
  private static final Request END = () -> "";

  private final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Backlog backlog = new Backlog(listener);
  private final InetSocketAddress address;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> terminated;

  VirtualGather(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      listener.setOption(SO_REUSEADDR, true);
      Binding.bind(listener, config.address(), config.backlog());
      address = (InetSocketAddress) listener.getLocalAddress();
    } catch (Throwable e) {
      listener.close();
      throw e;
    }
    terminated = CompletableFuture.runAsync(this::accept, Thread::startVirtualThread);
  }

  // tag::accept[]
  private void accept() {
    while (listener.isOpen()) {
      try {
        listener.configureBlocking(!backlog.isStopping()); // Then: accept all, await nobody.
        SocketChannel peer = listener.accept();
        if (peer == null) {
          break;
        }
        start(new Client(peer));
      } catch (ClosedChannelException _) {
        break;
      } catch (IOException _) {
        backlog.awaitDescriptor(); // Neither die nor spin.
      }
    }
    quietly(listener);
    drain();
  }

  // end::accept[]

  private void start(Client client) {
    clients.add(client);
    try {
      client.reader.start();
    } catch (OutOfMemoryError _) { // No carrier to be had: that costs this client only.
      end(client);
    }
  }

  private void end(Client client) {
    quietly(client.peer);
    clients.remove(client);
    backlog.descriptorFreed();
  }

  /** What a client wants; it may take until the deadline. */
  private interface Request {
    String answer() throws InterruptedException;
  }

  private final class Client implements Runnable {

    private final SocketChannel peer;
    private final Thread reader = Thread.ofVirtual().unstarted(this);
    private final Thread answerer = Thread.ofVirtual().unstarted(this::answer);
    private final BlockingQueue<Request> requests = new ArrayBlockingQueue<>(1);

    Client(SocketChannel peer) {
      this.peer = peer;
    }

    // tag::read[]
    @Override
    public void run() {
      try (peer) {
        answerer.start();
        peer.setOption(TCP_NODELAY, true);
        read();
        requests.put(END);
        discard();
        answerer.join();
      } catch (IOException | InterruptedException _) {
        answerer.interrupt(); // It is gone: nobody wants its answer any more.
      } finally {
        end(this);
      }
    }

    /** To the FIN, or to the first line that is none. */
    private void read() throws IOException, InterruptedException {
      LineReader lines = new LineReader();
      ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
      while (peer.read(in.clear()) >= 0) {
        in.flip();
        try {
          for (var line = lines.next(in); line.isPresent(); line = lines.next(in)) {
            Optional<Question> question = Question.of(line.get());
            if (question.isEmpty()) {
              requests.put(() -> Question.EXPECTED);
              return;
            }
            requests.put(() -> ask(question.get())); // Waits while one is being answered.
          }
        } catch (LineTooLongException _) {
          requests.put(() -> LineTooLongException.ANSWER);
          return;
        }
      }
    }

    /** To close with input unread would send RST, and the last answer be lost. */
    private void discard() throws IOException {
      ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
      while (peer.read(in.clear()) >= 0) {
        // It is not heeded any more.
      }
    }

    private void answer() {
      try {
        for (Request each = requests.take(); each != END; each = requests.take()) {
          write(peer, each.answer());
        }
        peer.shutdownOutput();
      } catch (IOException | InterruptedException _) {
        reader.interrupt(); // Wherever it stands: in a call, which closes the peer, or in a put.
      } catch (RuntimeException | OutOfMemoryError e) { // Or there was no carrier to be had.
        LOG.log(WARNING, "A request failed.", e);
        reader.interrupt();
      }
    }
    // end::read[]
  }

  private String ask(Question question) throws InterruptedException {
    List<Callable<String>> calls = new ArrayList<>();
    config.upstreams().forEach(it -> calls.add(() -> call(it, question.text())));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      return switch (question.kind()) {
        case ALL -> all(threads, calls);
        case FIRST -> first(threads, calls);
      };
    }
  }

  // tag::ask[]
  /** Whoever interrupts this closes the connection. */
  private static String call(InetSocketAddress backend, String text)
      throws IOException, LineTooLongException {
    try (SocketChannel upstream = SocketChannel.open(backend)) {
      write(upstream, text + "\n");
      LineReader lines = new LineReader();
      ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
      while (upstream.read(in.clear()) >= 0) {
        Optional<String> answer = lines.next(in.flip());
        if (answer.isPresent() && Question.isGood(answer.get())) {
          return answer.get();
        }
        if (answer.isPresent()) {
          throw new IOException(answer.get());
        }
      }
      throw new EOFException();
    }
  }

  // end::ask[]

  // tag::all[]
  private String all(ExecutorService threads, List<Callable<String>> calls)
      throws InterruptedException {
    StringBuilder answer = new StringBuilder();
    long limit = config.deadline().toNanos();
    for (Future<String> each : threads.invokeAll(calls, limit, NANOSECONDS)) {
      answer.append(
          switch (each.state()) {
            case SUCCESS -> "ok " + each.resultNow() + "\n";
            case CANCELLED -> "late\n";
            case FAILED, RUNNING -> "failed\n";
          });
    }
    return answer.toString();
  }

  // end::all[]

  // tag::first[]
  private String first(ExecutorService threads, List<Callable<String>> calls)
      throws InterruptedException {
    long deadline = System.nanoTime() + config.deadline().toNanos();
    for (int i = 0; i <= RETRIES; i++) {
      try {
        return "ok " + threads.invokeAny(calls, left(deadline), NANOSECONDS) + "\n";
      } catch (TimeoutException _) {
        return "late\n";
      } catch (ExecutionException _) {
        // All have failed.
      }
      if (i < RETRIES) {
        NANOSECONDS.sleep(Math.min(config.backOff().toNanos(), left(deadline)));
        if (left(deadline) == 0) {
          return "late\n";
        }
      }
    }
    return "failed\n";
  }

  private static long left(long deadline) {
    return Math.max(0, deadline - System.nanoTime());
  }

  // end::first[]

  private static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(text.getBytes(UTF_8));
    while (out.hasRemaining()) {
      channel.write(out); // Whoever does not read holds us here: that is back-pressure.
    }
  }

  // tag::close[]
  @Override
  public void close() {
    backlog.stop(); // The acceptor closes the listener, and goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  /** Clients have nothing more to say; what they are owed is delivered, in the grace period. */
  private void drain() {
    LockSupport.parkNanos(LAST_CALL); // Those that were accepted last are yet to be read.
    clients.forEach(it -> quietly(it.peer::shutdownInput));
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    while (!clients.isEmpty()) {
      if (System.nanoTime() - deadline > 0) {
        clients.forEach(it -> it.reader.interrupt()); // It closes the peer.
      }
      LockSupport.parkNanos(TICK);
    }
  }

  private static void quietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // There is nothing left to close.
    }
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
