package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.server.Server;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The room as a state machine: one thread, so nobody has to lock it. What a member is owed and has
 * not taken waits in its outbox, and {@code OP_WRITE} says when it takes more. Its input is read
 * meanwhile: not to would punish those who want to hear it.
 */
final class SelectorChat implements Server {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-chat");
  private static final int BUFFER_SIZE = 2 * 1024;
  private static final int MAX_ACCEPTS = 64;
  private static final long TICK_MILLIS = 50;
  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  private final ProgramConfig config;
  private final Selector selector = Selector.open();
  private final SelectionKey listening;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;
  private final Set<Client> clients = new HashSet<>();
  private final Room room = new Room();

  private boolean crowded;
  private long acceptAgain;
  private volatile boolean stopping;

  SelectorChat(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      ServerSocketChannel listener = ServerSocketChannel.open();
      listening = listener.configureBlocking(false).register(selector, OP_ACCEPT);
      listening.attach((Runnable) () -> accept(listener));
      listener.setOption(SO_REUSEADDR, true);
      listener.bind(config.address(), config.backlog());
      address = (InetSocketAddress) listener.getLocalAddress();
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
    terminated = CompletableFuture.runAsync(this::run, it -> Thread.ofPlatform().start(it));
  }

  private void run() {
    try {
      while (!stopping) {
        await();
      }
      drain();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      closeAll();
    }
  }

  // tag::wait[]
  private void await() throws IOException {
    boolean timed = crowded || stopping;
    selector.select(key -> ((Runnable) key.attachment()).run(), timed ? TICK_MILLIS : 0);
    if (crowded && listening.isValid() && acceptAgain - System.nanoTime() <= 0) {
      crowded = false;
      listening.interestOps(OP_ACCEPT);
    }
  }

  // end::wait[]

  // tag::accept[]
  private void accept(ServerSocketChannel listener) {
    try {
      for (int i = 0; i < MAX_ACCEPTS; i++) {
        SocketChannel peer = listener.accept();
        if (peer == null) {
          return;
        }
        begin(peer);
      }
    } catch (IOException _) {
      listening.interestOps(0); // Out of descriptors: neither die nor spin, and serve the others.
      acceptAgain = System.nanoTime() + ACCEPT_PAUSE;
      crowded = true;
    }
  }

  private void begin(SocketChannel peer) {
    try {
      peer.setOption(TCP_NODELAY, true);
      clients.add(new Client(peer));
    } catch (IOException _) {
      quietly(peer); // It is gone already.
    }
  }

  // end::accept[]

  /** In the room, or on its threshold. */
  private final class Client implements Runnable, Room.Member {

    private final SocketChannel peer;
    private final SelectionKey key;
    private final LineReader lines = new LineReader();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
    private final Queue<ByteBuffer> outbox = new ArrayDeque<>();
    private int owed;

    /** Under which it is in the room. */
    private Optional<String> name = Optional.empty();

    /** Its FIN has come. */
    private boolean ended;

    /** It is not heeded any more: an error was the last word. */
    private boolean refused;

    Client(SocketChannel peer) throws IOException {
      this.peer = peer;
      this.key = peer.configureBlocking(false).register(selector, OP_READ, this);
    }

    // tag::converse[]
    @Override
    public void run() {
      if (!key.isValid()) {
        return; // It was closed in somebody else's turn.
      }
      try {
        if (key.isReadable()) {
          ended |= peer.read(in.clear()) < 0;
          hear(in.flip());
        }
        flush();
      } catch (IOException _) {
        gone();
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A client failed.", e);
        gone();
      }
    }

    private void hear(ByteBuffer bytes) {
      try {
        while (!refused) { // What comes after an error is read, or else closing would reset.
          Optional<String> line = lines.next(bytes);
          if (line.isEmpty()) {
            break;
          }
          take(line.get());
        }
      } catch (LineTooLongException _) {
        refuse(LineTooLongException.ANSWER);
      }
      if (ended) {
        leaveRoom();
      }
    }

    private void take(String line) {
      if (name.isPresent()) {
        room.say(name.get(), this, line);
        return;
      }
      Optional<String> refusal = room.enter(line, this);
      if (refusal.isPresent()) {
        refuse(refusal.get());
      } else {
        name = Optional.of(line);
      }
    }

    private void refuse(String why) {
      refused = true;
      leaveRoom();
      tell(why);
    }

    private void leaveRoom() {
      name.ifPresent(it -> room.leave(it, this));
      name = Optional.empty();
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (owed >= config.outbox()) {
        return false;
      }
      byte[] bytes = line.getBytes(UTF_8);
      owed += bytes.length;
      outbox.add(ByteBuffer.wrap(bytes));
      if (outbox.size() == 1 && key.isValid()) {
        key.interestOpsOr(OP_WRITE); // It is its own turn that writes: it may be gone.
      }
      return true;
    }

    private void flush() throws IOException {
      for (ByteBuffer next = outbox.peek(); next != null; next = outbox.peek()) {
        owed -= peer.write(next);
        if (next.hasRemaining()) {
          break;
        }
        outbox.remove();
      }
      if (outbox.isEmpty() && (ended || refused)) {
        peer.shutdownOutput();
      }
      if (outbox.isEmpty() && ended) {
        gone();
      } else {
        key.interestOps((ended ? 0 : OP_READ) | (outbox.isEmpty() ? 0 : OP_WRITE));
      }
    }

    // end::outbox[]

    // tag::close[]
    @Override
    public void drop() {
      name = Optional.empty();
      refused = true;
      gone();
    }

    private void gone() {
      quietly(peer);
      clients.remove(this);
      leaveRoom();
    }

    /** Has nothing more to say, and goes when it is owed nothing. */
    void leave() {
      ended = true;
      leaveRoom();
      if (key.isValid()) { // Or it was dropped while the others were told of somebody else.
        key.interestOps(OP_WRITE);
      }
    }
    // end::close[]
  }

  // tag::close[]
  @Override
  public void close() {
    stopping = true;
    selector.wakeup();
    terminated.handle((_, _) -> null).join();
  }

  /** Clients have nothing more to say; what they are owed is delivered, in the grace period. */
  private void drain() throws IOException {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    quietly(listening.channel());
    Set.copyOf(clients).forEach(Client::leave);
    while (!clients.isEmpty() && System.nanoTime() - deadline < 0) {
      await();
    }
  }

  private void closeAll() {
    selector.keys().forEach(key -> quietly(key.channel()));
    quietly(selector); // Only now are the descriptors of channels that were registered let go.
  }

  private static void quietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // Reset by its peer: there is nothing left to close.
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
