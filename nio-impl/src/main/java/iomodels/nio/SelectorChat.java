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
import java.util.HashSet;
import java.util.Optional;
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
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final int MAX_ACCEPTS = 64;
  private static final long TICK_MILLIS = 50;
  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  private final ProgramConfig config;
  private final Selector selector = Selector.open();
  private final ServerSocketChannel listener;
  private final SelectionKey listening;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;
  private final Set<Client> clients = new HashSet<>();
  private final Room room = new Room();
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);

  private boolean acceptPaused;
  private long acceptResumeAt;
  private volatile boolean stopping;

  SelectorChat(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      listener = ServerSocketChannel.open();
      listening = listener.configureBlocking(false).register(selector, OP_ACCEPT);
      listening.attach((Runnable) () -> accept(MAX_ACCEPTS));
      listener.setOption(SO_REUSEADDR, true);
      Network.with(config.address(), it -> listener.bind(it, config.backlog()));
      address = (InetSocketAddress) listener.getLocalAddress();
      terminated = Network.startThread(SelectorServer.NAME + "-chat", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
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
    boolean timed = acceptPaused || stopping;
    selector.select(key -> ((Runnable) key.attachment()).run(), timed ? TICK_MILLIS : 0);
    if (acceptPaused && acceptResumeAt - System.nanoTime() <= 0) {
      resumeAccepting();
    }
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int limit) {
    try {
      for (int i = 0; i < limit; i++) {
        SocketChannel peer = listener.accept();
        if (peer == null) {
          return;
        }
        begin(peer);
      }
    } catch (IOException _) {
      listening.interestOps(0); // Out of descriptors: neither die nor spin, and serve the others.
      acceptResumeAt = System.nanoTime() + ACCEPT_PAUSE;
      acceptPaused = true;
    }
  }

  /** A connection has ended, or the pause is over: there may be descriptors again. */
  private void resumeAccepting() {
    if (acceptPaused && listening.isValid()) {
      acceptPaused = false;
      listening.interestOps(OP_ACCEPT);
    }
  }

  private void begin(SocketChannel peer) {
    try {
      peer.setOption(TCP_NODELAY, true);
      clients.add(new Client(peer));
    } catch (IOException _) {
      quietly(peer); // It is gone already.
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A client was turned away.", e);
      quietly(peer);
    }
  }

  // end::accept[]

  /** In the room, or on its threshold. */
  private final class Client implements Runnable, Room.Member {

    private final SocketChannel peer;
    private final SelectionKey key;
    private final LineReader lines = new LineReader();

    /** What it is owed and has not taken yet, up to the position. */
    private ByteBuffer outbox = NOTHING;

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
      name = Optional.of(line); // By now: it may be gone before it has been told who is here.
      Optional<String> refusal = room.enter(line, this);
      if (refusal.isPresent()) {
        name = Optional.empty();
        refuse(refusal.get());
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
      if (owed() >= config.outbox()) {
        takeNow(); // It may have read since the loop last came to it.
      }
      if (owed() >= config.outbox()) {
        return false;
      }
      byte[] bytes = line.getBytes(UTF_8);
      if (outbox.remaining() < bytes.length) {
        int needed = owed() + bytes.length;
        outbox = ByteBuffer.allocate(needed + needed / 2).put(outbox.flip());
      }
      outbox.put(bytes);
      if (key.isValid()) {
        key.interestOpsOr(OP_WRITE);
      }
      return true;
    }

    private int owed() {
      return outbox.position();
    }

    private void takeNow() {
      try {
        send();
      } catch (IOException _) {
        gone();
      }
    }

    private void send() throws IOException {
      if (owed() > 0) {
        peer.write(outbox.flip());
        outbox = outbox.hasRemaining() ? outbox.compact() : NOTHING;
      }
    }

    private void flush() throws IOException {
      send();
      if (owed() == 0 && (ended || refused)) {
        peer.shutdownOutput();
      }
      if (owed() == 0 && ended) {
        gone();
      } else {
        key.interestOps((ended ? 0 : OP_READ) | (owed() == 0 ? 0 : OP_WRITE));
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
      outbox = NOTHING;
      refused = true; // What else it said, in the same turn, is no name of somebody new.
      leaveRoom();
      resumeAccepting();
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
    accept(config.backlog() + 1); // All that wait: to close the listener would reset them.
    quietly(listener);
    for (int i = 0; i < 2; i++) { // What they had said before, and then whether they are gone.
      selector.selectNow(key -> ((Runnable) key.attachment()).run());
    }
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
