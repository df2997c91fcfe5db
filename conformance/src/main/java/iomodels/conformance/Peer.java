package iomodels.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.meter.SocketQueues;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The kit's end of a TCP connection: the client's end when a server is under test. Its methods
 * check what is received, and throw {@link Broken} if that is not what the rule demands. One thread
 * may send while another receives.
 */
public final class Peer implements AutoCloseable {

  /** A stream of bytes that is computed from the position instead of being held in memory. */
  @FunctionalInterface
  public interface BytePattern {

    /** Fills the beginning of the array with the bytes from this position on. */
    void fill(byte[] into, int length, long position);

    /** Returns the bytes of an array as a stream. */
    static BytePattern of(byte[] bytes) {
      return (into, length, position) ->
          System.arraycopy(bytes, Math.toIntExact(position), into, 0, length);
    }

    /** Returns the part of this stream that begins at a position. */
    default BytePattern from(long start) {
      return (into, length, position) -> fill(into, length, start + position);
    }
  }

  private static final int CHUNK = 64 * 1024;
  private static final int LINES = 16 * 1024;

  /** Longer than any expected line: an endless line must not fill the kit's heap. */
  private static final int MAX_LINE = 64 * 1024;

  /** On a busy machine a sender may pause, or start late, without being blocked. */
  private static final Duration QUIET_INTERVAL = Duration.ofMillis(75);

  private static final int QUIET_INTERVALS = 5;

  /** An interval that took longer says more about the machine than about the server. */
  private static final Duration LATE_INTERVAL = QUIET_INTERVAL.multipliedBy(2);

  /** Longer than a busy machine takes to deliver RST over loopback. */
  private static final Duration RST_ARRIVES = Duration.ofSeconds(2);

  private static final Duration RETRY_INTERVAL = Duration.ofMillis(1);
  private static final int RETRY_GROWTH = 4;

  /** When a FIN comes that no other event has to precede, on a machine that is not busy. */
  private static final Duration SOON = Duration.ofMillis(300);

  private static final List<String> OUT_OF =
      List.of(
          "Too many open files",
          "Cannot assign requested address",
          "No buffer space available",
          "Cannot allocate memory");

  private final SocketChannel channel;
  private final Socket socket;
  private final InputStream input;
  private final OutputStream output;
  private final Duration patience;
  private final Transcript transcript;
  private final String name;
  private final InetSocketAddress own;
  private final InetSocketAddress other;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong received = new AtomicLong();

  /** Bytes that were received together with a line, and follow it. */
  private ByteBuffer held = ByteBuffer.allocate(0);

  private Peer(SocketChannel channel, Duration patience, Transcript transcript, String name)
      throws IOException {
    this.channel = channel;
    this.socket = channel.socket();
    this.input = socket.getInputStream();
    this.output = socket.getOutputStream();
    this.patience = patience;
    this.transcript = transcript;
    this.name = name;
    this.own = (InetSocketAddress) channel.getLocalAddress();
    this.other = (InetSocketAddress) channel.getRemoteAddress();
  }

  /**
   * Connects.
   *
   * @param receiveBuffer size of the socket's receive buffer in bytes, 0 for the system's default;
   *     a small buffer makes a small TCP window
   * @param sendBuffer size of the send buffer, likewise
   */
  static Peer connect(
      InetSocketAddress address,
      int receiveBuffer,
      int sendBuffer,
      Duration patience,
      Transcript transcript,
      String name)
      throws Broken, IOException {
    return connect(address, receiveBuffer, sendBuffer, patience, patience, transcript, name);
  }

  /**
   * Connects, with a time limit of its own.
   *
   * @param within how long to wait for the connection
   */
  static Peer connect(
      InetSocketAddress address,
      int receiveBuffer,
      int sendBuffer,
      Duration within,
      Duration patience,
      Transcript transcript,
      String name)
      throws Broken, IOException {
    @SuppressWarnings("resource") // owned by the peer, or closed below
    SocketChannel channel = open();
    Socket socket = channel.socket();
    try {
      if (receiveBuffer > 0) {
        socket.setReceiveBufferSize(receiveBuffer);
      }
      if (sendBuffer > 0) {
        socket.setSendBufferSize(sendBuffer);
      }
      socket.setTcpNoDelay(true);
      socket.connect(address, Math.toIntExact(within.toMillis()));
      transcript.add(name, "connected");
      return new Peer(channel, patience, transcript, name);
    } catch (IOException e) {
      try {
        channel.close();
      } catch (IOException ignored) {
        // it was never connected
      }
      transcript.add(name, "could not connect: " + reason(e));
      demandFaultOfServer(e);
      String failure = "connecting failed: " + reason(e);
      throw e instanceof SocketTimeoutException
          ? Broken.late("a connection", failure)
          : new Broken("a connection", failure);
    }
  }

  /**
   * Connects, sends bytes in one write, and resets; not in the transcript, since there are
   * thousands.
   */
  static void abort(InetSocketAddress address, ByteBuffer bytes, Duration patience)
      throws Broken, IOException {
    try (SocketChannel channel = open()) {
      channel.socket().connect(address, Math.toIntExact(patience.toMillis()));
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      channel.write(bytes);
    } catch (IOException e) {
      demandFaultOfServer(e);
      String wanted = "a connection of a client that sends a few bytes";
      String failure = "it failed: " + reason(e);
      throw e instanceof SocketTimeoutException
          ? Broken.late(wanted, failure)
          : new Broken(wanted, failure);
    }
  }

  /** Creates the server's end of an accepted connection. */
  static Peer accepted(SocketChannel channel, Duration patience, Transcript transcript, String name)
      throws IOException {
    channel.socket().setTcpNoDelay(true);
    return new Peer(channel, patience, transcript, name);
  }

  private static SocketChannel open() throws Inconclusive {
    try {
      return SocketChannel.open();
    } catch (IOException e) {
      throw new Inconclusive("the kit cannot open a socket: " + e.getMessage(), e);
    }
  }

  /** Throws {@link Inconclusive} if the kit itself is out of descriptors or ports. */
  static void demandFaultOfServer(IOException e) throws Inconclusive {
    if (e instanceof Inconclusive || isOfTheKit(e)) {
      throw new Inconclusive("the kit cannot connect: " + e.getMessage(), e);
    }
  }

  /**
   * Returns whether the kit ran out of something: EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS or ENOMEM;
   * or out of ports to bind to, since it binds only to ports that the system chooses: EADDRINUSE.
   */
  static boolean isOfTheKit(IOException e) {
    String what = String.valueOf(e.getMessage());
    return e instanceof BindException || OUT_OF.stream().anyMatch(what::contains);
  }

  /** Sends text as UTF-8. */
  public void send(String text) throws Broken {
    send(text.getBytes(UTF_8));
  }

  /** Sends bytes in one write. They must fit into the kernel's buffers; see {@link #exchange}. */
  public void send(byte[] bytes) throws Broken {
    send(bytes, 0, bytes.length);
  }

  /** Sends part of an array in one write; nothing if the part is empty. */
  public void send(byte[] bytes, int offset, int length) throws Broken {
    if (length == 0) {
      return;
    }
    try {
      transcript.add(name, "sends", bytes, offset, length);
      write(bytes, offset, length);
    } catch (IOException e) {
      throw lost("a connection that accepts data", "sending", e);
    }
  }

  /** Sends a long stream; blocks while the server does not read. */
  public void sendStream(BytePattern stream, long length) throws Broken {
    byte[] chunk = new byte[CHUNK];
    transcript.add(name, "sends a stream of " + bytes(length));
    for (long position = 0; position < length; ) {
      int n = (int) Math.min(chunk.length, length - position);
      stream.fill(chunk, n, position);
      try {
        write(chunk, 0, n);
      } catch (IOException e) {
        throw lost(
            "a server that reads the whole stream", "after %,d bytes".formatted(position), e);
      }
      position += n;
    }
    transcript.add(name, "has sent the stream");
  }

  /**
   * Sends a stream, and reads nothing, until the server stops reading and all buffers are full.
   *
   * @return the number of bytes that were sent; {@code atMost} if the buffers were not full
   */
  public long sendUntilFull(BytePattern stream, long atMost) throws Broken, InterruptedException {
    byte[] bytes = new byte[CHUNK];
    ByteBuffer chunk = ByteBuffer.wrap(bytes).limit(0);
    long written = 0;
    // The server has something to read, and does not read it.
    Quiet quiet = new Quiet(it -> it.unread() > 0);
    Duration pause = RETRY_INTERVAL;
    try {
      channel.configureBlocking(false);
      while (written < atMost && !quiet.isCertain()) {
        if (!chunk.hasRemaining()) {
          chunk.clear().limit((int) Math.min(CHUNK, atMost - written));
          stream.fill(bytes, chunk.limit(), written);
        }
        int taken = channel.write(chunk);
        sent.addAndGet(taken);
        written += taken;
        if (taken > 0) {
          quiet.end();
          pause = RETRY_INTERVAL;
        } else if (pause.compareTo(QUIET_INTERVAL) < 0) {
          Thread.sleep(pause); // A server that reads makes room sooner than in a whole interval.
          pause = pause.multipliedBy(RETRY_GROWTH);
        } else {
          quiet.await();
        }
      }
      channel.configureBlocking(true);
    } catch (IOException e) {
      throw lost(
          "a server that leaves the connection open", "after %,d bytes".formatted(written), e);
    }
    transcript.add(name, "has sent %,d bytes of a stream, reading nothing".formatted(written));
    return written;
  }

  /**
   * Sends a stream, and reads nothing, until no more is taken for a moment. The server may still
   * read on afterwards.
   */
  public void sendForAMoment(BytePattern stream, long atMost, Duration moment)
      throws Broken, InterruptedException {
    byte[] bytes = new byte[CHUNK];
    ByteBuffer chunk = ByteBuffer.wrap(bytes).limit(0);
    long written = 0;
    try {
      channel.configureBlocking(false);
      for (boolean waited = false; written < atMost; ) {
        if (!chunk.hasRemaining()) {
          chunk.clear().limit((int) Math.min(CHUNK, atMost - written));
          stream.fill(bytes, chunk.limit(), written);
        }
        int taken = channel.write(chunk);
        sent.addAndGet(taken);
        written += taken;
        if (taken > 0) {
          waited = false;
        } else if (waited) {
          break;
        } else {
          waited = true;
          Thread.sleep(moment);
        }
      }
      channel.configureBlocking(true);
    } catch (IOException e) {
      throw lost(
          "a server that leaves the connection open", "after %,d bytes".formatted(written), e);
    }
    transcript.add(name, "has sent %,d bytes of a stream, reading nothing".formatted(written));
  }

  /** Sends bytes; returns false if the connection has been reset. */
  public boolean sendUnlessReset(byte[] bytes) {
    try {
      write(bytes, 0, bytes.length);
      transcript.add(name, "sends", bytes, 0, bytes.length);
      return true;
    } catch (IOException e) {
      transcript.add("", "%s: got %s (sending)".formatted(name, reason(e)));
      return false;
    }
  }

  /** Sends the same bytes again and again until the connection has ended, however it ends. */
  public void sendUntilTheEnd(byte[] bytes, Duration pause) {
    transcript.add(name, "sends again and again", bytes, 0, bytes.length);
    try {
      while (true) {
        write(bytes, 0, bytes.length);
        LockSupport.parkNanos(pause.toNanos());
      }
    } catch (IOException e) {
      transcript.add("", "%s: got %s (sending)".formatted(name, reason(e)));
    }
  }

  /**
   * Reads everything, and demands that RST follows. No other thread may send during this call: the
   * kernel reports a reset only once, and the reader would then see FIN.
   */
  public void expectResetAfterAll() throws Broken {
    byte[] chunk = new byte[CHUNK];
    try {
      socket.setSoTimeout(Math.toIntExact(patience.toMillis()));
      long taken = 0;
      for (int n = read(chunk, 0, CHUNK); n >= 0; n = read(chunk, 0, CHUNK)) {
        taken += n;
      }
      transcript.add("", "FIN to %s after %,d bytes".formatted(name, taken));
      throw new Broken("RST", "got FIN after %,d bytes, as at a regular end".formatted(taken));
    } catch (SocketTimeoutException _) {
      throw Broken.late("RST", "nothing came for %,d ms".formatted(patience.toMillis()));
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, reason(e)));
    }
  }

  /**
   * Sends a byte now and then, as far as there is room for it, and demands that this fails soon:
   * the other side has given the connection up. For a connection on which FIN has arrived, where
   * reading tells nothing of RST, or on which data is to stay unread.
   */
  public void expectSendingFails() throws Broken, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    ByteBuffer octet = ByteBuffer.allocate(1);
    long count = 0;
    try {
      channel.configureBlocking(false);
      while (System.nanoTime() - deadline < 0) {
        int taken = channel.write(octet.clear());
        sent.addAndGet(taken);
        count += taken;
        Thread.sleep(RETRY_INTERVAL);
      }
      channel.configureBlocking(true);
    } catch (IOException e) {
      transcript.add("", "%s: got %s (sending), after %,d bytes".formatted(name, reason(e), count));
      return;
    }
    throw Broken.late(
        "the connection to be reset",
        count == 0
            ? "it was not for %,d ms".formatted(patience.toMillis())
            : "it still takes data after %,d ms".formatted(patience.toMillis()));
  }

  /** Sends all bytes, and demands that the other side reads some within each such period. */
  public void sendWithin(Duration time, byte[] bytes) throws Broken, InterruptedException {
    long taken = 0;
    long deadline = System.nanoTime() + time.toNanos();
    while (taken < bytes.length) {
      long before = taken;
      taken += sendUntilFull(BytePattern.of(bytes).from(before), bytes.length - taken);
      if (taken > before) {
        deadline = System.nanoTime() + time.toNanos();
      } else if (System.nanoTime() - deadline > 0) {
        throw Broken.late(
            "a client that reads what is sent",
            "it read nothing for %,d ms after %,d bytes".formatted(time.toMillis(), taken));
      }
    }
  }

  /** Sends and receives at the same time, so that the two sides cannot block each other. */
  public void exchange(byte[] sent, byte[] expected) throws Broken, InterruptedException {
    exchange(BytePattern.of(sent), sent.length, BytePattern.of(expected), expected.length);
  }

  /** Sends and receives long streams at the same time. */
  public void exchange(BytePattern sent, long length, BytePattern expected, long expectedLength)
      throws Broken, InterruptedException {
    whileSending(() -> sendStream(sent, length), () -> expectStream(expected, expectedLength));
  }

  /** A part of a test that uses a connection. */
  @FunctionalInterface
  public interface Step {
    void run() throws Broken, InterruptedException;
  }

  /** Runs {@code sending} in a thread of its own, and {@code receiving} in the caller's. */
  public void whileSending(Step sending, Step receiving) throws Broken, InterruptedException {
    AtomicReference<Broken> failure = new AtomicReference<>();
    Thread sender =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    sending.run();
                  } catch (Broken e) {
                    failure.set(e);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try {
      receiving.run();
      sender.join();
    } catch (Broken e) {
      // The receiver's failure says more than the sender's, which follows from the close.
      close();
      sender.join();
      throw e;
    }
    Broken broken = failure.get();
    if (broken != null) {
      throw broken;
    }
  }

  /** Demands exactly this text next. */
  public void expect(String text) throws Broken {
    expect(text.getBytes(UTF_8));
  }

  /** Demands exactly this text next, and that a part of it comes within each such period. */
  public void expectWithin(Duration time, String text) throws Broken {
    expect(text.getBytes(UTF_8), time);
  }

  /** Demands exactly these bytes next, and that a part of them comes within each such period. */
  public void expectWithin(Duration time, byte[] expected) throws Broken {
    expect(expected, time);
  }

  /** Demands exactly these bytes next. */
  public void expect(byte[] expected) throws Broken {
    expect(expected, patience);
  }

  private void expect(byte[] expected, Duration within) throws Broken {
    byte[] actual = new byte[expected.length];
    int got = 0;
    while (got < expected.length) {
      int n = receivePart(actual, got, expected, within);
      got += n;
      int differs = Arrays.mismatch(expected, 0, got, actual, 0, got);
      if (differs >= 0) {
        throw new Broken(
            "%s (byte %,d being 0x%02X)"
                .formatted(
                    Transcript.show(expected, 0, expected.length), differs, expected[differs]),
            "got %s (0x%02X)".formatted(Transcript.show(actual, 0, got), actual[differs]));
      }
    }
  }

  /**
   * Receives these bytes if they come next. If others come, they stay to be received.
   *
   * @param within how long to wait for each part of them
   * @return whether these bytes came
   */
  public boolean receivesNext(byte[] expected, Duration within) throws Broken {
    byte[] actual = new byte[expected.length];
    int got = 0;
    while (got < expected.length) {
      int n = receivePart(actual, got, expected, within);
      boolean same = Arrays.equals(expected, got, got + n, actual, got, got + n);
      got += n;
      if (!same) {
        held = ByteBuffer.allocate(got + held.remaining()).put(actual, 0, got).put(held).flip();
        return false;
      }
    }
    return true;
  }

  /** Receives at least one of the expected bytes, after those that have come; FIN is too early. */
  private int receivePart(byte[] into, int got, byte[] expected, Duration within) throws Broken {
    int n =
        receive(
            into,
            got,
            expected.length - got,
            within,
            () -> Transcript.show(expected, 0, expected.length),
            got);
    if (n < 0) {
      throw new Broken(
          Transcript.show(expected, 0, expected.length),
          got == 0 ? "got FIN" : "got FIN after " + Transcript.show(into, 0, got));
    }
    return n;
  }

  /** Demands a line next, and returns it without LF. */
  public String line() throws Broken {
    return line(patience);
  }

  /** Demands a line within this time, and returns it without LF. */
  public String line(Duration within) throws Broken {
    return new String(lineBytes(within), UTF_8);
  }

  /** Demands a line next, and returns its bytes without LF, whatever they are. */
  public byte[] lineBytes() throws Broken {
    return lineBytes(patience);
  }

  private byte[] lineBytes(Duration within) throws Broken {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int end = held.position();
      while (end < held.limit() && held.get(end) != '\n') {
        end++;
      }
      line.write(held.array(), held.position(), end - held.position());
      if (line.size() > MAX_LINE) {
        throw new Broken("a line", "got more than %,d bytes without LF".formatted(MAX_LINE));
      }
      if (end < held.limit()) {
        held.position(end + 1);
        return line.toByteArray();
      }
      held.position(end);
      byte[] chunk = new byte[LINES];
      int n = receive(chunk, 0, chunk.length, within, () -> "a line", line.size());
      if (n < 0) {
        throw new Broken(
            "a line", "got FIN after " + Transcript.show(line.toByteArray(), 0, line.size()));
      }
      held = ByteBuffer.wrap(chunk, 0, n);
    }
  }

  /**
   * Returns the next line without LF; empty at FIN, or at RST. Demands one of these within the time
   * that the kit waits for pending data.
   */
  public Optional<String> lineOrEnd() throws Broken {
    try {
      return Optional.of(line());
    } catch (Broken e) {
      if (e.isLate()) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /** Demands so many bytes next, whatever they are. */
  public void skip(int length) throws Broken {
    byte[] chunk = new byte[CHUNK];
    String wanted = bytes(length);
    for (int left = length; left > 0; ) {
      int n = receive(chunk, 0, Math.min(left, CHUNK), patience, () -> wanted, length - left);
      if (n < 0) {
        throw new Broken(wanted, "got FIN after %,d of them".formatted(length - left));
      }
      left -= n;
    }
  }

  /** Demands at least one byte of any value. */
  public void expectSomething() throws Broken {
    byte[] actual = new byte[CHUNK];
    if (receive(actual, 0, actual.length, patience, () -> "a reply", 0) < 0) {
      throw new Broken("a reply", "got FIN");
    }
  }

  /** Demands a long stream next, byte for byte. */
  public void expectStream(BytePattern expected, long length) throws Broken {
    byte[] chunk = new byte[CHUNK];
    byte[] right = new byte[CHUNK];
    String wanted = "a stream of " + bytes(length);
    for (long position = 0; position < length; ) {
      int n =
          receive(
              chunk,
              0,
              (int) Math.min(chunk.length, length - position),
              patience,
              () -> wanted,
              position);
      if (n < 0) {
        throw new Broken(wanted, "got FIN after %,d of them".formatted(position));
      }
      expected.fill(right, n, position);
      int differs = Arrays.mismatch(right, 0, n, chunk, 0, n);
      if (differs >= 0) {
        throw new Broken(
            "%s, byte %,d being 0x%02X".formatted(wanted, position + differs, right[differs]),
            "got 0x%02X there".formatted(chunk[differs]));
      }
      position += n;
    }
  }

  /** Demands this text and FIN next; LF may come between them. */
  public void expectLastLine(String text) throws Broken {
    expect(text);
    byte[] more = new byte[CHUNK];
    String wanted = "FIN, or LF and FIN, after the last line";
    int n = receive(more, 0, more.length, patience, () -> wanted, 0);
    if (n < 0) {
      return;
    }
    if (n > 1 || more[0] != '\n') {
      throw new Broken(wanted, "got " + Transcript.show(more, 0, n));
    }
    expectFin();
  }

  /** Demands FIN next. */
  public void expectFin() throws Broken {
    expectFin(patience);
  }

  /**
   * Demands FIN next. If it does not come soon, sends a further request: an answer to it tells a
   * server that goes on from one that is slow.
   */
  public void expectFinDespite(String request) throws Broken {
    try {
      expectFin(SOON);
    } catch (Broken e) {
      if (!e.isLate()) {
        throw e;
      }
      sendUnlessReset(request.getBytes(UTF_8));
      expectFin();
    }
  }

  /** Demands FIN next, within this time. */
  public void expectFin(Duration within) throws Broken {
    byte[] surplus = new byte[CHUNK];
    String wanted = "FIN within %,d ms".formatted(within.toMillis());
    int n = receive(surplus, 0, surplus.length, within, () -> wanted, 0);
    if (n >= 0) {
      throw new Broken("FIN", "got " + Transcript.show(surplus, 0, n));
    }
  }

  /** Demands FIN next, or these bytes and then FIN. */
  public void expectFinAfter(byte[] permitted) throws Broken {
    byte[] actual = new byte[CHUNK];
    String wanted = "FIN";
    int got = 0;
    while (true) {
      int n = receive(actual, got, actual.length - got, patience, () -> wanted, got);
      if (n < 0) {
        if (got == 0 || got == permitted.length) {
          return;
        }
        throw new Broken(
            "FIN, or %s and FIN".formatted(Transcript.show(permitted, 0, permitted.length)),
            "got FIN after " + Transcript.show(actual, 0, got));
      }
      got += n;
      if (got > permitted.length || Arrays.mismatch(permitted, 0, got, actual, 0, got) >= 0) {
        throw new Broken(wanted, "got " + Transcript.show(actual, 0, got));
      }
    }
  }

  /** Demands RST next, within this time. */
  public void expectReset(Duration within) throws Broken {
    byte[] surplus = new byte[CHUNK];
    String wanted = "RST within %,d ms".formatted(within.toMillis());
    demandNothingHeld(wanted);
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      int n = read(surplus, 0, CHUNK);
      throw new Broken(wanted, n < 0 ? "got FIN" : "got " + Transcript.show(surplus, 0, n));
    } catch (SocketTimeoutException _) {
      throw Broken.late(wanted, "nothing came");
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, reason(e)));
    }
  }

  /**
   * Sends a byte again and again, and demands RST within this time.
   *
   * @param interval the time between two bytes
   */
  public void expectResetWhileSending(Duration interval, Duration within) throws Broken {
    long deadline = System.nanoTime() + within.toNanos();
    byte[] octet = {'x'};
    while (sendUnlessReset(octet)) { // A send that fails has met the RST.
      try {
        expectReset(interval);
        return;
      } catch (Broken e) {
        if (!e.isLate()) {
          throw e;
        }
      }
      if (System.nanoTime() - deadline > 0) {
        throw Broken.late(
            "RST within %,d ms".formatted(within.toMillis()),
            "nothing came while a byte was sent every %,d ms".formatted(interval.toMillis()));
      }
    }
  }

  /** Demands that nothing comes for this long, neither data nor FIN nor RST. */
  public void expectSilence(Duration time) throws Broken {
    byte[] surplus = new byte[CHUNK];
    demandNothingHeld("silence for %,d ms".formatted(time.toMillis()));
    try {
      socket.setSoTimeout(Math.max(1, Math.toIntExact(time.toMillis())));
      int n = read(surplus, 0, CHUNK);
      if (n < 0) {
        transcript.add("", "FIN to " + name);
        throw new Broken("silence for %,d ms".formatted(time.toMillis()), "got FIN");
      }
      transcript.add("", "to %s: %s".formatted(name, Transcript.show(surplus, 0, n)));
      throw new Broken(
          "silence for %,d ms".formatted(time.toMillis()), "got " + Transcript.show(surplus, 0, n));
    } catch (SocketTimeoutException _) {
      transcript.add(name, "receives nothing for %,d ms".formatted(time.toMillis()));
    } catch (IOException e) {
      throw lost("silence for %,d ms".formatted(time.toMillis()), "listening", e);
    }
  }

  /** Demands FIN or RST within this time, without data before it. */
  public void expectEnd(Duration within) throws Broken {
    demandNothingHeld("the end of the connection");
    if (!endsWithoutData(within)) {
      throw Broken.late(
          "the end of the connection within %,d ms".formatted(within.toMillis()), "it did not end");
    }
  }

  /** Reads and discards; returns whether data came within this time. */
  public boolean receives(Duration within) {
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      byte[] data = new byte[CHUNK];
      int n = read(data, 0, CHUNK);
      transcript.add(
          "", n < 0 ? "FIN to " + name : "to %s: %s".formatted(name, Transcript.show(data, 0, n)));
      return n > 0;
    } catch (SocketTimeoutException _) {
      transcript.add(name, "receives nothing for %,d ms".formatted(within.toMillis()));
      return false;
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, reason(e)));
      return false;
    }
  }

  /** Waits until there is something to read, and does not read it. */
  public void awaitInput(String wanted) throws Broken {
    long deadline = System.nanoTime() + patience.toNanos();
    try {
      while (input.available() == 0) {
        if (System.nanoTime() - deadline > 0) {
          throw Broken.late(wanted, "nothing came for %,d ms".formatted(patience.toMillis()));
        }
        LockSupport.parkNanos(RETRY_INTERVAL.toNanos());
      }
    } catch (IOException e) {
      throw lost(wanted, "before it was read", e);
    }
  }

  /** Returns whether FIN or RST comes within this time, without data before it. */
  public boolean endsWithoutData(Duration within) {
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      boolean ended = read(new byte[1], 0, 1) < 0;
      transcript.add("", (ended ? "FIN to " : "a reply to ") + name);
      return ended;
    } catch (SocketTimeoutException _) {
      transcript.add(name, "receives nothing for %,d ms".formatted(within.toMillis()));
      return false;
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, reason(e)));
      return true;
    }
  }

  /**
   * Waits, without reading, until no more data arrives: the server has filled the TCP window and
   * all buffers.
   */
  public void pauseUntilFull() throws Broken, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    Quiet quiet = new Quiet(_ -> true);
    int last = 0;
    try {
      while (!quiet.isCertain() && System.nanoTime() - deadline < 0) {
        quiet.await();
        int now = input.available();
        if (now != last || now == 0) {
          quiet.end();
        }
        last = now;
      }
    } catch (IOException e) {
      throw lost("a reply that waits to be read", "before it was read", e);
    }
    transcript.add(name, "does not read until no more comes than %,d bytes".formatted(last));
  }

  /**
   * Waits until the server has read everything that was sent, or for this long; without the
   * kernel's help for this long.
   */
  public void awaitRead(Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    Duration pause = RETRY_INTERVAL;
    while (System.nanoTime() - deadline < 0
        && progress().filter(it -> it.taken() == sent.get()).isEmpty()) {
      LockSupport.parkNanos(pause.toNanos());
      pause = pause.multipliedBy(pause.compareTo(QUIET_INTERVAL) < 0 ? RETRY_GROWTH : 1);
    }
  }

  /** Does not read for this long. */
  public void pause(Duration time) throws InterruptedException {
    transcript.add(name, "does not read for %,d ms".formatted(time.toMillis()));
    Thread.sleep(time);
  }

  /**
   * Reads and discards all data, as fast as possible, until FIN or RST.
   *
   * @return the number of bytes
   */
  public long drain() {
    byte[] chunk = new byte[CHUNK];
    long taken = held.remaining();
    try {
      socket.setSoTimeout(0);
      for (int n = 0; n >= 0; n = read(chunk, 0, CHUNK)) {
        taken += n;
      }
      transcript.add(name, "has read %,d bytes".formatted(taken));
    } catch (IOException e) {
      transcript.add(name, "stops reading: " + reason(e));
    }
    return taken;
  }

  /**
   * Reads until FIN or RST, and demands that one of them comes.
   *
   * @param atMost the number of bytes that may come
   */
  public byte[] readToEnd(int atMost) throws Broken {
    return readToEnd(atMost, patience);
  }

  /**
   * Reads until FIN or RST, and demands that one of them comes.
   *
   * @param atMost the number of bytes that may come
   * @param patience how long nothing may come
   */
  public byte[] readToEnd(int atMost, Duration patience) throws Broken {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] chunk = new byte[CHUNK];
    try {
      socket.setSoTimeout(Math.toIntExact(patience.toMillis()));
      while (all.size() <= atMost) {
        int n;
        if (held.hasRemaining()) {
          n = Math.min(CHUNK, held.remaining());
          held.get(chunk, 0, n);
        } else {
          n = read(chunk, 0, CHUNK);
        }
        if (n < 0) {
          transcript.add("", "FIN to %s after %,d bytes".formatted(name, all.size()));
          return all.toByteArray();
        }
        all.write(chunk, 0, n);
      }
    } catch (SocketTimeoutException _) {
      throw Broken.late(
          "the end of the connection",
          "nothing came for %,d ms after %,d bytes".formatted(patience.toMillis(), all.size()));
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, reason(e)));
      return all.toByteArray();
    }
    throw new Broken(
        "at most %,d bytes, and the end of the connection".formatted(atMost), "got more");
  }

  /** Half-closes: sends FIN, and can still receive. */
  public void finishSending() throws Broken {
    try {
      transcript.add(name, "sends FIN");
      socket.shutdownOutput();
    } catch (IOException e) {
      throw lost("a connection that can be half-closed", "sending FIN", e);
    }
  }

  /** Half-closes; returns false if the connection has been reset. */
  public boolean finishSendingUnlessReset() {
    try {
      finishSending();
      return true;
    } catch (Broken _) {
      return false;
    }
  }

  /**
   * Sends RST. Returns when it has arrived: on a busy machine it waits in a queue of the kernel,
   * and what the kit sends later on another connection may overtake it.
   */
  public void reset() throws IOException {
    transcript.add(name, "sends RST");
    socket.setSoLinger(true, 0);
    socket.close();
    long deadline = System.nanoTime() + RST_ARRIVES.toNanos();
    while (SocketQueues.of(other, own).isPresent() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(RETRY_INTERVAL.toNanos());
    }
  }

  /** Closes the connection; does not wait. */
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException ignored) {
      // the test is over
    }
  }

  private void demandNothingHeld(String wanted) throws Broken {
    if (held.hasRemaining()) {
      throw new Broken(
          wanted, "got " + Transcript.show(held.array(), held.position(), held.remaining()));
    }
  }

  /** Receives at least one byte; returns -1 at FIN. */
  private int receive(
      byte[] into, int offset, int length, Duration within, Supplier<String> wanted, long got)
      throws Broken {
    if (held.hasRemaining()) {
      int n = Math.min(length, held.remaining());
      held.get(into, offset, n);
      return n;
    }
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      int n = read(into, offset, length);
      if (n < 0) {
        transcript.add("", "FIN to " + name);
      } else {
        transcript.add("", "to " + name + ":", into, offset, n);
      }
      return n;
    } catch (SocketTimeoutException _) {
      transcript.add(name, "gives up waiting after %,d ms".formatted(within.toMillis()));
      throw Broken.late(
          wanted.get(), "nothing came for %,d ms%s".formatted(within.toMillis(), after(got)));
    } catch (IOException e) {
      throw lost(wanted.get(), "receiving" + after(got), e);
    }
  }

  private static String after(long bytes) {
    return bytes == 0 ? "" : " after %,d bytes".formatted(bytes);
  }

  private void write(byte[] bytes, int offset, int length) throws IOException {
    output.write(bytes, offset, length);
    sent.addAndGet(length);
  }

  private int read(byte[] into, int offset, int length) throws IOException {
    int n = input.read(into, offset, length);
    received.addAndGet(Math.max(0, n));
    return n;
  }

  /**
   * How far the data of a connection has come. The numbers are exact only while no data moves,
   * since the kernel does not tell the queues of both ends at one instant. A FIN counts as one
   * byte. A byte that has arrived and is not yet acknowledged is in the queues of both ends: too
   * few bytes count as taken, and too many as given, but never the other way round.
   *
   * @param taken how many bytes the server has read
   * @param given how many bytes the server has written
   * @param unread how many bytes the server could read
   * @param unacknowledged how many bytes the server has written that the kit's kernel has not taken
   */
  public record Progress(long taken, long given, long unread, long unacknowledged) {}

  /**
   * Returns how far the data of this connection has come, by the queues of both ends. Empty if the
   * kernel does not list both ends, for instance as the server is on another machine.
   */
  public Optional<Progress> progress() {
    return SocketQueues.of(own, other)
        .flatMap(here -> SocketQueues.of(other, own).map(there -> progress(here, there)));
  }

  private Progress progress(SocketQueues here, SocketQueues there) {
    return new Progress(
        sent.get() - here.unsent() - there.unread(),
        received.get() + here.unread() + there.unsent(),
        there.unread(),
        there.unsent());
  }

  /**
   * A time without progress. It is certain if the kit has run in time for several intervals, and if
   * the kernel says, where it lists the server's end of the connection, that no data moves; or at
   * the latest when the patience is over.
   */
  private final class Quiet {

    private final Predicate<Progress> isBlocked;
    private long began;
    private int intervals;
    private Optional<Progress> last = Optional.empty();
    private boolean certain;

    /** Creates one that also needs a sign that the server is blocked. */
    Quiet(Predicate<Progress> isBlocked) {
      this.isBlocked = isBlocked;
    }

    /** Begins anew: there is progress. */
    void end() {
      intervals = 0;
      last = Optional.empty();
      certain = false;
    }

    /** Lets an interval without progress pass. */
    void await() throws InterruptedException {
      long start = System.nanoTime();
      began = intervals == 0 ? start : began;
      Thread.sleep(QUIET_INTERVAL);
      long now = System.nanoTime();
      boolean late = now - start > LATE_INTERVAL.toNanos();
      if (intervals == 0 || !late) {
        intervals++;
      }
      if (late || intervals >= QUIET_INTERVALS - 1) {
        Optional<Progress> before = last;
        last = progress();
        boolean known = before.isPresent() && last.isPresent();
        if (late && known && before.equals(last)) {
          intervals++; // The kernel says that nothing has moved.
        }
        certain =
            intervals >= QUIET_INTERVALS
                && (known
                    ? before.equals(last) && isBlocked.test(last.orElseThrow())
                    : last.isEmpty());
      }
      certain |= now - began > patience.toNanos();
    }

    boolean isCertain() {
      return certain;
    }
  }

  /** Returns the words of the system; of an exception without any, its type. */
  private static String reason(IOException e) {
    return Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
  }

  private static String bytes(long number) {
    return number == 1 ? "1 byte" : "%,d bytes".formatted(number);
  }

  private Broken lost(String expected, String when, IOException e) {
    String what =
        e instanceof SocketException && socket.isClosed()
            ? "the kit closed the connection"
            : "got " + reason(e);
    transcript.add("", "%s: %s".formatted(name, what));
    return new Broken(expected, "%s (%s)".formatted(what, when));
  }
}
