package iomodels.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

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
import java.util.concurrent.atomic.AtomicReference;

/**
 * The kit's end of a TCP connection, the client's when a server is judged, which demands what a
 * rule demands: whatever else comes is {@link Broken}. One thread may send while another receives.
 */
public final class Peer implements AutoCloseable {

  /** Bytes by position: what a long stream is made of, without being held in memory. */
  @FunctionalInterface
  public interface BytePattern {

    /** Puts so many bytes, from that position on, to the beginning of the array. */
    void fill(byte[] into, int length, long position);

    /** The bytes of an array. */
    static BytePattern of(byte[] bytes) {
      return (into, length, position) ->
          System.arraycopy(bytes, Math.toIntExact(position), into, 0, length);
    }

    /** The same without what comes before that position. */
    default BytePattern from(long start) {
      return (into, length, position) -> fill(into, length, start + position);
    }
  }

  private static final int CHUNK = 64 * 1024;
  private static final int LINES = 4 * 1024;

  /** More than any line that a rule awaits; one that has no end must not fill the kit's heap. */
  private static final int MAX_LINE = 64 * 1024;

  /** On a busy machine a sender may not get on for a while, or not begin, without being stuck. */
  private static final Duration STILL = Duration.ofMillis(75);

  private static final int STILL_TIMES = 5;

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

  /** What has come with a line, and after it. */
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
  }

  /**
   * Connects.
   *
   * @param receiveBuffer the size of the socket's receive buffer in bytes, 0 for the system's
   *     default; a small one makes a small window
   * @param sendBuffer likewise
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
   * The same.
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
        // it never was open
      }
      transcript.add(name, "could not connect: " + e.getMessage());
      demandTheServers(e);
      String failure = "connecting failed: " + e.getMessage();
      throw e instanceof SocketTimeoutException
          ? Broken.late("a connection", failure)
          : new Broken("a connection", failure);
    }
  }

  /**
   * Connects, sends bytes in one write, and resets; of one among thousands no transcript is kept.
   */
  static void abort(InetSocketAddress address, ByteBuffer bytes, Duration patience)
      throws Broken, IOException {
    try (SocketChannel channel = open()) {
      channel.socket().connect(address, Math.toIntExact(patience.toMillis()));
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      channel.write(bytes);
    } catch (IOException e) {
      demandTheServers(e);
      String wanted = "a connection of a client that sends a few bytes";
      String failure = "it failed: " + e.getMessage();
      throw e instanceof SocketTimeoutException
          ? Broken.late(wanted, failure)
          : new Broken(wanted, failure);
    }
  }

  /** The server's end of a connection that has been accepted. */
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

  /** If it was the kit that ran out of descriptors or ports, that says nothing about the server. */
  static void demandTheServers(IOException e) throws Inconclusive {
    if (e instanceof Inconclusive || isOfTheKit(e)) {
      throw new Inconclusive("the kit cannot connect: " + e.getMessage(), e);
    }
  }

  /**
   * Whether the kit ran out of something: EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS or ENOMEM; or out
   * of ports to bind to, since it binds only to ports that the system chooses: EADDRINUSE.
   */
  static boolean isOfTheKit(IOException e) {
    String what = String.valueOf(e.getMessage());
    return e instanceof BindException || OUT_OF.stream().anyMatch(what::contains);
  }

  /** Sends text as UTF-8. */
  public void send(String text) throws Broken {
    send(text.getBytes(UTF_8));
  }

  /**
   * Sends bytes in one write; only for what fits into the kernel's buffers, see {@link #exchange}.
   */
  public void send(byte[] bytes) throws Broken {
    send(bytes, 0, bytes.length);
  }

  /** Sends part of an array in one write. */
  public void send(byte[] bytes, int offset, int length) throws Broken {
    try {
      transcript.add(name, "sends " + Transcript.show(bytes, offset, length));
      output.write(bytes, offset, length);
    } catch (IOException e) {
      throw lost("a connection that takes what is sent", "sending", e);
    }
  }

  /** Sends a long stream, for as long as the server takes it. */
  public void sendStream(BytePattern stream, long length) throws Broken {
    byte[] chunk = new byte[CHUNK];
    transcript.add(name, "sends a stream of %,d bytes".formatted(length));
    for (long position = 0; position < length; ) {
      int n = (int) Math.min(chunk.length, length - position);
      stream.fill(chunk, n, position);
      try {
        output.write(chunk, 0, n);
      } catch (IOException e) {
        throw lost(
            "a server that takes the whole stream", "after %,d bytes".formatted(position), e);
      }
      position += n;
    }
    transcript.add(name, "has sent the stream");
  }

  /**
   * Sends a stream, and receives nothing, until neither the server nor the kernels take more of it.
   *
   * @return the number of bytes that were taken, {@code atMost} if all were
   */
  public long sendUntilFull(BytePattern stream, long atMost) throws Broken, InterruptedException {
    byte[] bytes = new byte[CHUNK];
    ByteBuffer chunk = ByteBuffer.wrap(bytes).limit(0);
    long sent = 0;
    int quiet = 0;
    try {
      channel.configureBlocking(false);
      while (quiet < STILL_TIMES && sent < atMost) {
        if (!chunk.hasRemaining()) {
          chunk.clear().limit((int) Math.min(CHUNK, atMost - sent));
          stream.fill(bytes, chunk.limit(), sent);
        }
        int taken = channel.write(chunk);
        sent += taken;
        if (taken > 0) {
          quiet = 0;
        } else {
          quiet++;
          Thread.sleep(STILL);
        }
      }
      channel.configureBlocking(true);
    } catch (IOException e) {
      throw lost("a server that leaves the connection open", "after %,d bytes".formatted(sent), e);
    }
    transcript.add(name, "has sent %,d bytes of a stream, reading nothing".formatted(sent));
    return sent;
  }

  /** Sends bytes, if the connection has not been reset by then. */
  public boolean sendUnlessReset(byte[] bytes) {
    try {
      output.write(bytes);
      transcript.add(name, "sends " + Transcript.show(bytes, 0, bytes.length));
      return true;
    } catch (IOException e) {
      transcript.add("", "%s: got %s (sending)".formatted(name, e.getMessage()));
      return false;
    }
  }

  /**
   * Takes whatever comes, and demands that it ends with RST. Nobody may send meanwhile: the kernel
   * reports a reset once, and a reader would take it for FIN.
   */
  public void expectResetAfterAll() throws Broken {
    byte[] chunk = new byte[CHUNK];
    try {
      socket.setSoTimeout(Math.toIntExact(patience.toMillis()));
      long taken = 0;
      for (int n = input.read(chunk); n >= 0; n = input.read(chunk)) {
        taken += n;
      }
      transcript.add("", "FIN to %s after %,d bytes".formatted(name, taken));
      throw new Broken("RST", "got FIN: %,d bytes look as if they were all".formatted(taken));
    } catch (SocketTimeoutException _) {
      throw Broken.late("RST", "nothing came for %,d ms".formatted(patience.toMillis()));
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, e.getMessage()));
    }
  }

  /** Sends all of it, and demands that some of it is taken within any such time. */
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
            "a peer that takes what is sent",
            "it took nothing for %,d ms after %,d bytes".formatted(time.toMillis(), taken));
      }
    }
  }

  /** Sends while it receives, so that neither side has to wait for the other for ever. */
  public void exchange(byte[] sent, byte[] expected) throws Broken, InterruptedException {
    exchange(BytePattern.of(sent), sent.length, BytePattern.of(expected), expected.length);
  }

  /** The same with long streams. */
  public void exchange(BytePattern sent, long length, BytePattern expected, long expectedLength)
      throws Broken, InterruptedException {
    whileSending(() -> sendStream(sent, length), () -> expectStream(expected, expectedLength));
  }

  /** Something that a rule does with a connection. */
  @FunctionalInterface
  public interface Step {
    void run() throws Broken, InterruptedException;
  }

  /** Runs {@code sending} in a thread of its own, and {@code receiving} in this one. */
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
      // What the receiver met says more than that the sender then could not go on.
      close();
      sender.join();
      throw e;
    }
    Broken broken = failure.get();
    if (broken != null) {
      throw broken;
    }
  }

  /** Demands just these bytes next. */
  public void expect(String text) throws Broken {
    expect(text.getBytes(UTF_8));
  }

  /** Demands just these bytes next, and that a part of them comes within any such time. */
  public void expectWithin(Duration time, String text) throws Broken {
    expect(text.getBytes(UTF_8), time);
  }

  /** Demands just these bytes next. */
  public void expect(byte[] expected) throws Broken {
    expect(expected, patience);
  }

  private void expect(byte[] expected, Duration within) throws Broken {
    byte[] actual = new byte[expected.length];
    int got = 0;
    while (got < expected.length) {
      int n =
          receive(
              actual,
              got,
              expected.length - got,
              within,
              Transcript.show(expected, 0, expected.length),
              got);
      if (n < 0) {
        throw new Broken(
            Transcript.show(expected, 0, expected.length),
            got == 0 ? "got FIN" : "got FIN after " + Transcript.show(actual, 0, got));
      }
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

  /** Demands a line next, whatever it is; returned without its LF. */
  public String line() throws Broken {
    return line(patience);
  }

  /** The same, where a line may take longer than other replies. */
  public String line(Duration within) throws Broken {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      while (held.hasRemaining()) {
        byte octet = held.get();
        if (octet == '\n') {
          return line.toString(UTF_8);
        }
        if (line.size() == MAX_LINE) {
          throw new Broken("a line", "got more than %,d bytes without LF".formatted(MAX_LINE));
        }
        line.write(octet);
      }
      byte[] chunk = new byte[LINES];
      int n = receive(chunk, 0, chunk.length, within, "a line", line.size());
      if (n < 0) {
        throw new Broken(
            "a line", "got FIN after " + Transcript.show(line.toByteArray(), 0, line.size()));
      }
      held = ByteBuffer.wrap(chunk, 0, n);
    }
  }

  /** Demands at least a byte, whatever it is. */
  public void expectSomething() throws Broken {
    byte[] actual = new byte[CHUNK];
    if (receive(actual, 0, actual.length, patience, "a reply", 0) < 0) {
      throw new Broken("a reply", "got FIN");
    }
  }

  /** Demands a long stream next, byte for byte. */
  public void expectStream(BytePattern expected, long length) throws Broken {
    byte[] chunk = new byte[CHUNK];
    byte[] right = new byte[CHUNK];
    String wanted = "a stream of %,d bytes".formatted(length);
    for (long position = 0; position < length; ) {
      int n =
          receive(
              chunk,
              0,
              (int) Math.min(chunk.length, length - position),
              patience,
              wanted,
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

  /** Demands that the server closes next, within the kit's patience. */
  public void expectFin() throws Broken {
    expectFin(patience);
  }

  /** Demands that the server closes next, in order, within that time. */
  public void expectFin(Duration within) throws Broken {
    byte[] surplus = new byte[CHUNK];
    String wanted = "FIN within %,d ms".formatted(within.toMillis());
    int n = receive(surplus, 0, surplus.length, within, wanted, 0);
    if (n >= 0) {
      throw new Broken("FIN", "got " + Transcript.show(surplus, 0, n));
    }
  }

  /** Demands that the connection is reset within that time, and that nothing comes before. */
  public void expectReset(Duration within) throws Broken {
    byte[] surplus = new byte[CHUNK];
    String wanted = "RST within %,d ms".formatted(within.toMillis());
    demandNothingHeld(wanted);
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      int n = input.read(surplus);
      throw new Broken(wanted, n < 0 ? "got FIN" : "got " + Transcript.show(surplus, 0, n));
    } catch (SocketTimeoutException _) {
      throw Broken.late(wanted, "nothing came");
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, e.getMessage()));
    }
  }

  /** Demands that nothing comes, neither bytes nor an end, for that long. */
  public void expectSilence(Duration time) throws Broken {
    byte[] surplus = new byte[CHUNK];
    demandNothingHeld("silence for %,d ms".formatted(time.toMillis()));
    try {
      socket.setSoTimeout(Math.max(1, Math.toIntExact(time.toMillis())));
      int n = input.read(surplus);
      if (n < 0) {
        transcript.add("", "FIN to " + name);
        throw new Broken("silence for %,d ms".formatted(time.toMillis()), "got FIN");
      }
      transcript.add("", "to %s: %s".formatted(name, Transcript.show(surplus, 0, n)));
      throw new Broken(
          "silence for %,d ms".formatted(time.toMillis()), "got " + Transcript.show(surplus, 0, n));
    } catch (SocketTimeoutException _) {
      transcript.add(name, "hears nothing for %,d ms".formatted(time.toMillis()));
    } catch (IOException e) {
      throw lost("silence for %,d ms".formatted(time.toMillis()), "listening", e);
    }
  }

  /** Demands that the connection ends within that time, in order or not, without another word. */
  public void expectEnd(Duration within) throws Broken {
    demandNothingHeld("the end of the connection");
    if (!endsWithoutAWord(within)) {
      throw Broken.late(
          "the end of the connection within %,d ms".formatted(within.toMillis()), "it did not end");
    }
  }

  /** Whether bytes come within that time; they are taken. */
  public boolean hears(Duration within) {
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      return input.read(new byte[CHUNK]) > 0;
    } catch (SocketTimeoutException _) {
      transcript.add(name, "hears nothing for %,d ms".formatted(within.toMillis()));
      return false;
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, e.getMessage()));
      return false;
    }
  }

  /** Whether the server ends the connection, in order or not, before it says anything. */
  public boolean endsWithoutAWord(Duration within) {
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      boolean ended = input.read() < 0;
      transcript.add("", (ended ? "FIN to " : "a reply to ") + name);
      return ended;
    } catch (SocketTimeoutException _) {
      transcript.add(name, "hears nothing for %,d ms".formatted(within.toMillis()));
      return false;
    } catch (IOException e) {
      transcript.add("", "%s: got %s".formatted(name, e.getMessage()));
      return true;
    }
  }

  /**
   * Does not read until what comes stands still: the server has filled the window, and every buffer
   * before it.
   */
  public void pauseUntilFull() throws Broken, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    int quiet = 0;
    int last = 0;
    try {
      while (quiet < STILL_TIMES && System.nanoTime() < deadline) {
        Thread.sleep(STILL);
        int now = input.available();
        quiet = now == last && now > 0 ? quiet + 1 : 0;
        last = now;
      }
    } catch (IOException e) {
      throw lost("a reply that waits to be read", "before it was read", e);
    }
    transcript.add(name, "does not read until no more comes than %,d bytes".formatted(last));
  }

  /** Does not read for that long, whatever comes. */
  public void pause(Duration time) throws InterruptedException {
    transcript.add(name, "does not read for %,d ms".formatted(time.toMillis()));
    Thread.sleep(time);
  }

  /**
   * Takes whatever comes, as fast as it comes, until the connection ends one way or another.
   *
   * @return how many bytes that were
   */
  public long drain() {
    byte[] chunk = new byte[CHUNK];
    long taken = held.remaining();
    try {
      socket.setSoTimeout(0);
      for (int n = 0; n >= 0; n = input.read(chunk)) {
        taken += n;
      }
      transcript.add(name, "took %,d bytes".formatted(taken));
    } catch (IOException e) {
      transcript.add(name, "takes no more: " + e.getMessage());
    }
    return taken;
  }

  /** Half-closes: sends FIN, and goes on receiving. */
  public void finishSending() throws Broken {
    try {
      transcript.add(name, "sends FIN");
      socket.shutdownOutput();
    } catch (IOException e) {
      throw lost("a connection that can be half-closed", "sending FIN", e);
    }
  }

  /** Sends RST. */
  public void reset() throws IOException {
    transcript.add(name, "sends RST");
    socket.setSoLinger(true, 0);
    socket.close();
  }

  /** Closes in order; does not wait. */
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException ignored) {
      // what there was to find out has been found out
    }
  }

  private void demandNothingHeld(String wanted) throws Broken {
    if (held.hasRemaining()) {
      throw new Broken(
          wanted, "got " + Transcript.show(held.array(), held.position(), held.remaining()));
    }
  }

  /** Receives at least a byte, or -1 at FIN. */
  private int receive(byte[] into, int offset, int length, Duration within, String wanted, long got)
      throws Broken {
    if (held.hasRemaining()) {
      int n = Math.min(length, held.remaining());
      held.get(into, offset, n);
      return n;
    }
    String after = got == 0 ? "" : " after %,d bytes".formatted(got);
    try {
      socket.setSoTimeout(Math.toIntExact(within.toMillis()));
      int n = input.read(into, offset, length);
      transcript.add(
          "",
          n < 0 ? "FIN to " + name : "to %s: %s".formatted(name, Transcript.show(into, offset, n)));
      return n;
    } catch (SocketTimeoutException _) {
      transcript.add(name, "gives up waiting after %,d ms".formatted(within.toMillis()));
      throw Broken.late(wanted, "nothing came for %,d ms%s".formatted(within.toMillis(), after));
    } catch (IOException e) {
      throw lost(wanted, "receiving" + after, e);
    }
  }

  private Broken lost(String expected, String when, IOException e) {
    String what =
        e instanceof SocketException && socket.isClosed()
            ? "the kit gave the connection up"
            : "got " + e.getMessage();
    transcript.add("", "%s: %s".formatted(name, what));
    return new Broken(expected, "%s (%s)".formatted(what, when));
  }
}
