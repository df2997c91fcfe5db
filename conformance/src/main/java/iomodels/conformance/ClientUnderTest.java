package iomodels.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.targets.Client;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A client under test. The kit plays its user and its server: it types input, accepts connections,
 * and checks the output and the exit code. Anything that a rule does not permit is reported as
 * {@link Broken}. For use by one thread.
 */
public final class ClientUnderTest implements AutoCloseable {

  private static final int CHUNK = 64 * 1024;
  private static final int MAX_SHOWN = 64 * 1024 * 1024;
  private static final int OVERHEAD = 64;
  private static final Duration POLL_INTERVAL = Duration.ofMillis(100);
  private static final byte[] END = new byte[0];

  /** A process takes longer to start than to answer: so many times the kit's patience. */
  private static final int START = 4;

  private final NetworkChannel port;
  private final Client.Run run;
  private final Duration patience;
  private final Transcript transcript;

  /** Unbounded: a client that does not read its input must not block the kit. */
  private final BlockingQueue<byte[]> typed = new LinkedBlockingQueue<>();

  private final BlockingQueue<byte[]> shown = new LinkedBlockingQueue<>();

  /** Permits for output that was not checked yet: a client with endless output has to wait. */
  private final Semaphore room = new Semaphore(MAX_SHOWN);

  /** Output that was received but not checked yet. */
  private byte[] rest = END;

  private boolean outputEnded;

  /** Until it has connected, the client may still be starting. */
  private boolean connected;

  /** Open while the kit reads the client's output. */
  private volatile CountDownLatch reading = new CountDownLatch(0);

  private ClientUnderTest(
      NetworkChannel port, Client.Run run, Duration patience, Transcript transcript) {
    this.port = port;
    this.run = run;
    this.patience = patience;
    this.transcript = transcript;
    // A pipe keeps the carrier of a virtual thread.
    Thread.ofPlatform().daemon().start(this::type);
    Thread.ofPlatform().daemon().start(this::watch);
  }

  /** Starts a client with the port of a server. */
  static ClientUnderTest start(Client client, Duration patience, Transcript transcript)
      throws IOException {
    return start(ServerSocketChannel.open(), client, patience, transcript);
  }

  /** Starts a client with a port on which nobody listens; the kit keeps it bound. */
  static ClientUnderTest startWithoutServer(Client client, Duration patience, Transcript transcript)
      throws IOException {
    return start(SocketChannel.open(), client, patience, transcript);
  }

  private static ClientUnderTest start(
      NetworkChannel port, Client client, Duration patience, Transcript transcript)
      throws IOException {
    try {
      port.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      InetSocketAddress address = (InetSocketAddress) port.getLocalAddress();
      transcript.add("kit", "starts the client for port " + address.getPort());
      return new ClientUnderTest(port, client.start(address.getPort()), patience, transcript);
    } catch (IOException e) {
      port.close();
      throw e;
    }
  }

  private void type() {
    try (OutputStream input = run.input()) {
      for (byte[] next = typed.take(); next.length > 0; next = typed.take()) {
        input.write(next);
        input.flush();
      }
    } catch (IOException ignored) {
      // it has ended, or no longer reads: the server's side of the test notices
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void watch() {
    byte[] chunk = new byte[CHUNK];
    try (InputStream output = run.output()) {
      for (int n = output.read(chunk); n >= 0; n = output.read(chunk)) {
        if (n > 0) {
          room.acquire(n + OVERHEAD);
          shown.add(Arrays.copyOf(chunk, n));
        }
        reading.await();
      }
    } catch (IOException ignored) {
      // the client has ended
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      shown.add(END);
    }
  }

  /** Stops reading the client's output, after the next read. */
  public void holdOutput() {
    transcript.add("user", "does not read the output");
    reading = new CountDownLatch(1);
  }

  /** Reads the client's output again. */
  public void resumeOutput() {
    transcript.add("user", "reads the output");
    reading.countDown();
  }

  /** Types text, as UTF-8. */
  public void type(String text) {
    type(text.getBytes(UTF_8));
  }

  /** Types bytes; does not wait until the client has read them. */
  public void type(byte[] bytes) {
    transcript.add("user", "types " + Transcript.show(bytes, 0, bytes.length));
    typed.add(bytes);
  }

  /** Ends the input after everything that was typed. */
  public void endInput() {
    transcript.add("user", "ends the input");
    typed.add(END);
  }

  /**
   * Accepts the client's next connection.
   *
   * @throws Inconclusive if the client ends before it connects: that says nothing about the rule
   */
  public Peer accept() throws Broken, IOException, InterruptedException {
    ServerSocketChannel listener = (ServerSocketChannel) port;
    listener.socket().setSoTimeout(Math.toIntExact(POLL_INTERVAL.toMillis()));
    Duration within = patienceNow();
    long deadline = System.nanoTime() + within.toNanos();
    while (System.nanoTime() - deadline < 0) {
      // In this order: the client may have connected before it ended.
      OptionalInt exitCode = run.exitCode(Duration.ZERO);
      try {
        SocketChannel channel = listener.socket().accept().getChannel();
        transcript.add("kit", "accepts a connection");
        connected = true;
        return Peer.accepted(channel, patience, transcript, "srv");
      } catch (SocketTimeoutException e) {
        if (exitCode.isPresent()) {
          throw new Inconclusive(ended(exitCode.getAsInt()) + ", and never connected", e);
        }
      }
    }
    throw Broken.late("a connection", "none was made for %,d ms".formatted(within.toMillis()));
  }

  private Duration patienceNow() {
    return connected ? patience : patience.multipliedBy(START);
  }

  /** Demands that the client shows exactly this text next. */
  public void expectShown(String text) throws Broken, InterruptedException {
    expectShown(text.getBytes(UTF_8));
  }

  /** Demands that the client shows exactly these bytes next. */
  public void expectShown(byte[] expected) throws Broken, InterruptedException {
    String wanted = Transcript.show(expected, 0, expected.length) + " to be shown";
    int seen = 0;
    while (seen < expected.length) {
      if (rest.length == 0 && !awaitOutput()) {
        throw outputEnded
            ? new Broken(wanted, "the output ended after %,d of them".formatted(seen))
            : Broken.late(
                wanted,
                "nothing was shown for %,d ms after %,d of them"
                    .formatted(patience.toMillis(), seen));
      }
      int n = Math.min(rest.length, expected.length - seen);
      int differs = Arrays.mismatch(rest, 0, n, expected, seen, seen + n);
      if (differs >= 0) {
        throw new Broken(
            "%s, byte %,d being 0x%02X".formatted(wanted, seen + differs, expected[seen + differs]),
            "0x%02X was shown there".formatted(rest[differs]));
      }
      rest = Arrays.copyOfRange(rest, n, rest.length);
      seen += n;
    }
  }

  /**
   * Demands that the client runs for at least this time; its output is kept for later checks.
   *
   * @param passed how much of the time has passed already
   */
  public void expectPatience(Duration time, Duration passed) throws Broken, InterruptedException {
    OptionalInt exitCode = run.exitCode(time.minus(passed));
    if (exitCode.isPresent()) {
      throw new Broken(
          "a client that waits for %,d ms".formatted(time.toMillis()), ended(exitCode.getAsInt()));
    }
    transcript.add("kit", "sees the client wait for %,d ms".formatted(time.toMillis()));
  }

  /** Demands that the client ends with exit code 0, and shows nothing more. */
  public void expectSuccess() throws Broken, InterruptedException {
    int exitCode = awaitEnd();
    if (exitCode != 0) {
      throw new Broken("exit code 0", ended(exitCode));
    }
    if (rest.length > 0 || awaitOutput()) {
      throw new Broken("nothing more to be shown", Transcript.show(rest, 0, rest.length) + " came");
    }
  }

  /** Demands that the client ends with another exit code than 0, and with an error message. */
  public void expectErrorMessage() throws Broken, InterruptedException {
    int exitCode = awaitEnd();
    if (exitCode == 0) {
      throw new Broken("an exit code other than 0", ended(exitCode));
    }
    if (run.stderrTail().isEmpty()) {
      throw new Broken("a message on standard error", ended(exitCode));
    }
  }

  private int awaitEnd() throws Broken, InterruptedException {
    Duration within = patienceNow();
    long deadline = System.nanoTime() + within.toNanos();
    OptionalInt exitCode = run.exitCode(POLL_INTERVAL);
    while (exitCode.isEmpty()) {
      demandNoOtherConnection();
      if (System.nanoTime() - deadline > 0) {
        throw Broken.late(
            "the client to end", "it still ran after %,d ms".formatted(within.toMillis()));
      }
      exitCode = run.exitCode(POLL_INTERVAL);
    }
    transcript.add("kit", "sees the client end with exit code " + exitCode.getAsInt());
    demandNoOtherConnection();
    return exitCode.getAsInt();
  }

  private void demandNoOtherConnection() throws Broken {
    if (!(port instanceof ServerSocketChannel listener)) {
      return;
    }
    try {
      listener.configureBlocking(false);
      try (SocketChannel other = listener.accept()) {
        if (other != null) {
          transcript.add("kit", "accepts another connection");
          throw new Broken("one connection", "the client connected again");
        }
      } finally {
        listener.configureBlocking(true);
      }
    } catch (IOException ignored) {
      // the connection has gone again, or the test is over
    }
  }

  private String ended(int exitCode) throws InterruptedException {
    String message = run.stderrTail();
    return "it ended with exit code %d%s"
        .formatted(exitCode, message.isEmpty() ? " and without a message" : ": " + message);
  }

  /** Waits for more output; returns false at the end of the output and at the time limit. */
  private boolean awaitOutput() throws InterruptedException {
    if (outputEnded) {
      return false;
    }
    byte[] next = shown.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    outputEnded = next != null && next.length == 0;
    if (next == null || outputEnded) {
      return false;
    }
    room.release(next.length + OVERHEAD);
    transcript.add("user", "sees " + Transcript.show(next, 0, next.length));
    rest = next;
    return true;
  }

  @Override
  public void close() throws IOException {
    typed.add(END);
    room.release(MAX_SHOWN);
    reading.countDown();
    run.close();
    port.close();
  }
}
