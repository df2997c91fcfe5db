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
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
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
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final long LAST_CALL = MILLISECONDS.toNanos(100);

  private final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Backlog backlog = new Backlog(listener);
  private final InetSocketAddress address;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();

  /** Its own lock: what it says is said to all in the same order. */
  private final Room room = new Room();

  private final CompletableFuture<Void> terminated;

  VirtualChat(ProgramConfig config) throws IOException {
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
      Thread.startVirtualThread(client);
    } catch (OutOfMemoryError _) { // No carrier to be had: that costs this client only.
      end(client);
    }
  }

  private void end(Client client) {
    quietly(client.peer);
    clients.remove(client);
    backlog.descriptorFreed();
  }

  /** In the room, or on its threshold. */
  private final class Client implements Runnable, Room.Member {

    private final SocketChannel peer;
    private final LineReader lines = new LineReader();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE).limit(0);

    /** What the writer has yet to take; guards the two fields below. */
    private final ByteArrayOutputStream outbox = new ByteArrayOutputStream();

    /** How many bytes are in there, or about to be written. */
    private int owed;

    private boolean isLast;

    Client(SocketChannel peer) {
      this.peer = peer;
    }

    // tag::converse[]
    @Override
    public void run() {
      try (peer) {
        Thread writer = Thread.startVirtualThread(this::write);
        peer.setOption(TCP_NODELAY, true);
        try {
          converse();
        } catch (LineTooLongException _) {
          tell(LineTooLongException.ANSWER);
        }
        endOutbox();
        discard();
        writer.join();
      } catch (IOException | InterruptedException _) {
        endOutbox(); // It is gone, as the others have been told.
      } finally {
        end(this);
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
      byte[] bytes = line.getBytes(UTF_8);
      synchronized (outbox) {
        if (owed >= config.outbox()) {
          return false;
        }
        owed += bytes.length;
        outbox.writeBytes(bytes);
        outbox.notifyAll();
        return true;
      }
    }

    private void endOutbox() {
      synchronized (outbox) {
        isLast = true;
        outbox.notifyAll();
      }
    }

    /** Waits for lines; an empty buffer says that there will be no more. */
    private ByteBuffer take() throws InterruptedException {
      synchronized (outbox) {
        while (outbox.size() == 0 && !isLast) {
          outbox.wait();
        }
        ByteBuffer lines = ByteBuffer.wrap(outbox.toByteArray());
        outbox.reset();
        return lines;
      }
    }

    /** Whichever call its two threads are in throws. */
    @Override
    public void drop() {
      quietly(peer);
    }

    private void write() {
      try {
        for (ByteBuffer out = take(); out.hasRemaining(); out = take()) {
          while (out.hasRemaining()) {
            int count = peer.write(out);
            synchronized (outbox) {
              owed -= count;
            }
          }
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
    backlog.stop(); // The acceptor closes the listener, and goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  /** Members have nothing more to say; what waits for them is sent, in the grace period. */
  private void drain() {
    LockSupport.parkNanos(LAST_CALL); // Those that were accepted last are yet to be read.
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
