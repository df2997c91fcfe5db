package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.stream.Collectors.joining;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Question;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Asking several backends as a state machine: a request is an object, and so is each call that it
 * makes; whoever is done tells the one above. Deadlines and pauses are in a queue of timers, from
 * which the loop takes how long to wait. To cancel is to close the sockets and to take the timers
 * out, each by hand: what is forgotten here is a leak.
 */
final class SelectorGather implements Server {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-gather");
  private static final int BUFFER_SIZE = 2 * 1024;
  private static final int MAX_ACCEPTS = 64;
  private static final int RETRIES = 1;
  private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

  private final ProgramConfig config;
  private final Selector selector = Selector.open();
  private final ServerSocketChannel listener;
  private final SelectionKey listening;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;
  private final Set<Client> clients = new HashSet<>();
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE);

  /** The next comes first. */
  private final Queue<Timer> timers = new PriorityQueue<>(Timer.BY_TIME);

  private boolean acceptPaused;
  private volatile boolean stopping;

  SelectorGather(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      listener = ServerSocketChannel.open();
      listening = listener.configureBlocking(false).register(selector, OP_ACCEPT);
      listening.attach((Runnable) () -> accept(MAX_ACCEPTS));
      listener.setOption(SO_REUSEADDR, true);
      Network.with(config.address(), it -> listener.bind(it, config.backlog()));
      address = (InetSocketAddress) listener.getLocalAddress();
      terminated = Network.startThread(SelectorServer.NAME + "-gather", this::run);
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
    selector.select(key -> ((Runnable) key.attachment()).run(), untilNextTimer());
    for (Timer next = timers.peek(); next != null && next.isDue(); next = timers.peek()) {
      timers.remove(next);
      next.action().run();
    }
  }

  /** In milliseconds, rounded up; 0 is for ever. */
  private long untilNextTimer() {
    Timer next = timers.peek();
    return next == null ? 0 : Math.max(0, NANOSECONDS.toMillis(next.left())) + 1;
  }

  /** Something to be done at a time of {@code System.nanoTime()}. */
  private record Timer(long at, Runnable action) {

    static final Comparator<Timer> BY_TIME = (a, b) -> Long.compare(a.at - b.at, 0);

    long left() {
      return at - System.nanoTime();
    }

    boolean isDue() {
      return left() <= 0;
    }
  }

  private Timer after(Duration time, Runnable action) {
    Timer timer = new Timer(System.nanoTime() + time.toNanos(), action);
    timers.add(timer);
    return timer;
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
      acceptPaused = true;
      after(ACCEPT_PAUSE, this::resumeAccepting);
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

  /** A client: what it has said, what is done for it, and what it has not been sent yet. */
  private final class Client implements Runnable {

    private final SocketChannel peer;
    private final SelectionKey key;
    private final LineReader lines = new LineReader();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
    private ByteBuffer unsent = ByteBuffer.allocate(0);
    private Optional<Asking> asking = Optional.empty();

    /** Its FIN has come. */
    private boolean ended;

    /** It will be answered no more: an error was the last word. */
    private boolean refused;

    Client(SocketChannel peer) throws IOException {
      this.peer = peer;
      this.key = peer.configureBlocking(false).register(selector, OP_READ, this);
    }

    // tag::read[]
    @Override
    public void run() {
      if (!key.isValid()) {
        return; // It was closed in somebody else's turn.
      }
      try {
        if (key.isReadable()) {
          ended |= peer.read(in) < 0;
        }
        advance();
      } catch (IOException _) {
        gone(); // Nobody wants its answer any more.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A client failed.", e);
        gone();
      }
    }

    private void advance() throws IOException {
      if (unsent.hasRemaining()) {
        peer.write(unsent);
      }
      in.flip();
      while (!refused && asking.isEmpty() && !unsent.hasRemaining()) {
        Optional<String> line = nextLine();
        if (line.isEmpty()) {
          break;
        }
        take(line.get());
      }
      if (refused) {
        in.position(in.limit()); // Read, or else closing would reset; but not heeded any more.
      }
      in.compact();
      boolean idle = asking.isEmpty() && !unsent.hasRemaining();
      if (idle && (refused || ended)) {
        peer.shutdownOutput();
      }
      if (idle && ended) {
        gone();
      } else { // To read ahead, a little, is how a reset is noticed; to read on without end is not.
        int reading = ended || !in.hasRemaining() ? 0 : OP_READ;
        key.interestOps(reading | (unsent.hasRemaining() ? OP_WRITE : 0));
      }
    }

    private Optional<String> nextLine() throws IOException {
      try {
        return lines.next(in);
      } catch (LineTooLongException _) {
        refuse(LineTooLongException.ANSWER);
        return Optional.empty();
      }
    }

    private void refuse(String why) throws IOException {
      refused = true;
      send(why);
    }

    private void send(String text) throws IOException {
      unsent = ByteBuffer.wrap(text.getBytes(UTF_8));
      peer.write(unsent);
    }

    private void take(String line) throws IOException {
      Optional<Question> question = Question.of(line);
      if (question.isEmpty()) {
        refuse(Question.EXPECTED);
        return;
      }
      Asking it = new Asking(this, question.get());
      asking = Optional.of(it);
      it.begin();
    }

    void answer(String text) {
      asking = Optional.empty();
      try {
        send(text);
        advance();
      } catch (IOException _) {
        gone();
      }
    }

    // end::read[]

    // tag::close[]
    private void gone() {
      quietly(peer);
      clients.remove(this);
      asking.ifPresent(Asking::cancel);
      resumeAccepting();
    }

    /** Has nothing more to say, and goes when it is owed nothing. */
    void leave() {
      ended = true;
      try {
        advance();
      } catch (IOException _) {
        gone();
      }
    }
    // end::close[]
  }

  /** A request, from its line to its answer. */
  private final class Asking {

    private final Client client;
    private final Question question;
    private final List<Call> calls = new ArrayList<>();
    private final List<Timer> own = new ArrayList<>();
    private int pending;
    private int retries;

    Asking(Client client, Question question) {
      this.client = client;
      this.question = question;
    }

    void begin() {
      own.add(after(config.deadline(), this::late));
      ask();
    }

    // tag::ask[]
    private void ask() {
      calls.clear();
      config.upstreams().forEach(it -> calls.add(new Call(this, it, question.text() + "\n")));
      pending = calls.size();
      calls.forEach(Call::connect);
    }

    // end::ask[]

    /** A call has an answer, or has failed. */
    void completed(Call call) {
      pending--;
      switch (question.kind()) {
        case ALL -> all();
        case FIRST -> first(call);
      }
    }

    // tag::all[]
    private void all() {
      if (pending == 0) {
        end(calls.stream().map(Call::outcome).collect(joining()));
      }
    }

    // end::all[]

    // tag::first[]
    private void first(Call call) {
      if (call.answer.isPresent()) {
        end(call.outcome());
      } else if (pending == 0 && retries < RETRIES) {
        retries++;
        own.add(after(config.backOff(), this::ask));
      } else if (pending == 0) {
        end("failed\n");
      }
    }

    // end::first[]

    private void late() {
      switch (question.kind()) {
        case ALL -> end(calls.stream().map(Call::outcome).collect(joining()));
        case FIRST -> end("late\n");
      }
    }

    private void end(String answer) {
      cancel();
      client.answer(answer);
    }

    // tag::close[]
    void cancel() {
      calls.forEach(Call::close);
      timers.removeAll(own);
    }
    // end::close[]
  }

  /** One backend, asked once. */
  private final class Call implements Runnable {

    private final Asking asking;
    private final InetSocketAddress backend;
    private final ByteBuffer out;
    private final LineReader lines = new LineReader();
    private Optional<SocketChannel> channel = Optional.empty();
    private Optional<SelectionKey> key = Optional.empty();
    private Optional<String> answer = Optional.empty();
    private boolean done;

    Call(Asking asking, InetSocketAddress backend, String question) {
      this.asking = asking;
      this.backend = backend;
      this.out = ByteBuffer.wrap(question.getBytes(UTF_8));
    }

    // tag::ask[]
    void connect() {
      try {
        SocketChannel opened = SocketChannel.open();
        channel = Optional.of(opened);
        opened.configureBlocking(false);
        boolean connected = Network.with(backend, opened::connect);
        key = Optional.of(opened.register(selector, connected ? OP_WRITE : OP_CONNECT, this));
      } catch (IOException _) {
        asking.own.add(after(Duration.ZERO, this::fail)); // Not at once: others are still to ask.
      }
    }

    @Override
    public void run() {
      if (done) {
        return;
      }
      try {
        SocketChannel peer = channel.orElseThrow();
        if (!peer.finishConnect()) {
          return;
        }
        if (out.hasRemaining()) {
          peer.write(out);
        }
        key.orElseThrow().interestOps(out.hasRemaining() ? OP_WRITE : OP_READ);
        boolean ended = peer.read(buffer.clear()) < 0;
        Optional<String> line = lines.next(buffer.flip());
        if (line.isPresent() || ended) {
          complete(line.filter(Question::isGood));
        }
      } catch (IOException | LineTooLongException _) {
        fail();
      }
    }

    private void fail() {
      complete(Optional.empty());
    }

    private void complete(Optional<String> result) {
      if (!done) {
        answer = result;
        close();
        asking.completed(this);
      }
    }

    // end::ask[]

    String outcome() {
      return done ? answer.map(it -> "ok " + it + "\n").orElse("failed\n") : "late\n";
    }

    // tag::close[]
    void close() {
      done = true; // What its key still has to tell is not to be heard.
      channel.ifPresent(SelectorGather::quietly);
      resumeAccepting();
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
    accept(config.backlog() + 1); // All that wait: to close the listener would reset them.
    quietly(listener);
    for (int i = 0; i < 2; i++) { // What they had said before, and then whether they are gone.
      selector.selectNow(key -> ((Runnable) key.attachment()).run());
    }
    after(config.gracePeriod(), () -> Set.copyOf(clients).forEach(Client::gone));
    Set.copyOf(clients).forEach(Client::leave);
    while (!clients.isEmpty()) {
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
