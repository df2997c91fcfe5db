package iomodels.blocking;

import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The room with virtual threads: two for each client. One reads lines and says them; the other
 * takes from the client's outbox, and writes. The room is everybody's, and so behind a lock, under
 * which nobody waits for a socket: a line is put into outboxes, and who has no room in his is
 * dropped. That queue is what back-pressure comes to where one's reading is another's writing: not
 * to read would punish the wrong one.
 */
final class VirtualChat implements Server {

  private static final int BUFFER_SIZE = 2 * 1024;
  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final byte[] END = new byte[0];

  private final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final InetSocketAddress address;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();

  /** Its own lock: what it says is said to all in the same order. */
  private final Room room = new Room();

  private final CompletableFuture<Void> terminated;

  VirtualChat(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      listener.setOption(SO_REUSEADDR, true);
      listener.bind(config.address(), config.backlog());
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
        Client client = new Client(listener.accept());
        clients.add(client);
        Thread.startVirtualThread(client);
      } catch (ClosedChannelException _) {
        break;
      } catch (IOException _) {
        LockSupport.parkNanos(ACCEPT_PAUSE); // Out of descriptors: neither die nor spin.
      }
    }
    drain();
  }

  // end::accept[]

  /** In the room, or on its threshold. */
  private final class Client implements Runnable, Room.Member {

    private final SocketChannel peer;
    private final LineReader lines = new LineReader();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE).limit(0);
    private final BlockingQueue<byte[]> outbox = new LinkedBlockingQueue<>();

    /** How many bytes are in there, or about to be written. */
    private final AtomicInteger owed = new AtomicInteger();

    Client(SocketChannel peer) {
      this.peer = peer;
    }

    // tag::converse[]
    @Override
    public void run() {
      Thread writer = Thread.startVirtualThread(this::write);
      try (peer) {
        peer.setOption(TCP_NODELAY, true);
        try {
          converse();
        } catch (LineTooLongException _) {
          tell(LineTooLongException.ANSWER);
        }
        outbox.add(END);
        discard();
        writer.join();
      } catch (IOException | InterruptedException _) {
        outbox.add(END); // It is gone, as the others have been told.
      } finally {
        clients.remove(this);
      }
    }

    private void converse() throws IOException, LineTooLongException {
      Optional<String> name = read();
      if (name.isPresent()) {
        converse(name.get());
      }
    }

    private void converse(String name) throws IOException, LineTooLongException {
      synchronized (room) {
        Optional<String> refusal = room.enter(name, this);
        if (refusal.isPresent()) {
          tell(refusal.get());
          return;
        }
      }
      try {
        for (Optional<String> line = read(); line.isPresent(); line = read()) {
          synchronized (room) {
            room.say(name, this, line.get());
          }
        }
      } finally {
        synchronized (room) {
          room.leave(name, this);
        }
      }
    }

    /** The next line; empty at the FIN. */
    private Optional<String> read() throws IOException, LineTooLongException {
      Optional<String> line = lines.next(in);
      while (line.isEmpty()) {
        if (peer.read(in.clear()) < 0) {
          return Optional.empty();
        }
        line = lines.next(in.flip());
      }
      return line;
    }

    /** To close with input unread would send RST, and the last line be lost. */
    private void discard() throws IOException {
      while (peer.read(in.clear()) >= 0) {
        // It is not heeded any more.
      }
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (owed.get() >= config.outbox()) {
        return false;
      }
      byte[] bytes = line.getBytes(UTF_8);
      owed.addAndGet(bytes.length);
      return outbox.add(bytes);
    }

    /** Whichever call its two threads are in throws. */
    @Override
    public void drop() {
      quietly(peer);
    }

    private void write() {
      try {
        for (byte[] line = outbox.take(); line.length > 0; line = outbox.take()) {
          ByteBuffer out = ByteBuffer.wrap(line);
          while (out.hasRemaining()) {
            peer.write(out);
          }
          owed.addAndGet(-line.length);
        }
        peer.shutdownOutput();
      } catch (IOException | InterruptedException _) {
        quietly(peer); // The reader finds out.
      }
    }
    // end::outbox[]
  }

  // tag::close[]
  @Override
  public void close() {
    quietly(listener); // The acceptor's call throws, and it goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  /** Members have nothing more to say; what waits for them is sent, in the grace period. */
  private void drain() {
    clients.forEach(it -> quietly(it.peer::shutdownInput));
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    while (!clients.isEmpty()) {
      if (System.nanoTime() - deadline > 0) {
        clients.forEach(it -> quietly(it.peer));
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
