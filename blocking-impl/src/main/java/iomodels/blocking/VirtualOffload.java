package iomodels.blocking;

import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Work;
import iomodels.server.Server;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.locks.LockSupport;

/**
 * Slow work with virtual threads: a client's thread hands it to a pool, and waits. It could do it
 * itself, as it could wait for anything else; but a virtual thread that computes has its carrier
 * for as long, and there are as many carriers as processors: some hashes, and nobody would be
 * answered. So there is a pool of platform threads, for which the kernel shares processors out; how
 * many work and how many wait are its two numbers, and to be full is its exception.
 *
 * <p>Two virtual threads for each client: while one waits for its work the other reads, or else
 * nobody would notice that the client is gone, and its work has to leave the queue.
 */
final class VirtualOffload implements Server {

  private static final System.Logger LOG = System.getLogger("virtual-offload");
  private static final int BUFFER_SIZE = 2 * 1024;
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final long LAST_CALL = MILLISECONDS.toNanos(100);
  private static final Request END = () -> "";

  private final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Backlog backlog = new Backlog(listener);
  private final InetSocketAddress address;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();
  private final ThreadPoolExecutor pool;
  private final CompletableFuture<Void> terminated;

  VirtualOffload(ProgramConfig config) throws IOException {
    this.config = config;
    // tag::work[]
    pool =
        new ThreadPoolExecutor(
            config.workers(),
            config.workers(),
            0,
            MILLISECONDS,
            new ArrayBlockingQueue<>(config.queue()),
            Thread.ofPlatform().daemon().factory());
    // end::work[]
    try {
      Threads.startAll(pool);
      listener.setOption(SO_REUSEADDR, true);
      Binding.bind(listener, config.address(), config.backlog());
      address = (InetSocketAddress) listener.getLocalAddress();
    } catch (Throwable e) {
      pool.shutdownNow();
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

  /** What a client wants; it may take long. */
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
            Optional<Work> work = Work.of(line.get(), config.folder());
            if (work.isEmpty()) {
              requests.put(() -> Work.EXPECTED);
              return;
            }
            requests.put(() -> done(work.get())); // Waits while one is being answered.
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
          ByteBuffer out = ByteBuffer.wrap(each.answer().getBytes(UTF_8));
          while (out.hasRemaining()) {
            peer.write(out); // Whoever does not read holds us here: that is back-pressure.
          }
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

  // tag::work[]
  private String done(Work work) throws InterruptedException {
    return switch (work) {
      case Work.Ping _ -> Work.PONG;
      case Work.Slow slow -> elsewhere(slow);
    };
  }

  private String elsewhere(Work.Slow work) throws InterruptedException {
    FutureTask<String> task = new FutureTask<>(work::answer);
    try {
      pool.execute(task);
      return task.get();
    } catch (RejectedExecutionException _) {
      return Work.BUSY;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      task.cancel(true); // If its client is gone, others want its worker,
      pool.remove(task); // or its place in the queue.
    }
  }

  // end::work[]

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
    pool.shutdownNow(); // What still works works for nobody.
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
