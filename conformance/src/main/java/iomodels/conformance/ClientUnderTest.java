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
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A client that is judged, as its user and its server see it at once: what is typed into it, the
 * connections that it makes, what it shows and how it ends. Whatever else it does than a rule
 * demands is {@link Broken}. For use by one thread.
 */
public final class ClientUnderTest implements AutoCloseable {

  private static final int CHUNK = 64 * 1024;
  private static final int MAX_SHOWN = 64 * 1024 * 1024;
  private static final int OVERHEAD = 64;
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);
  private static final byte[] END = new byte[0];

  /** A process takes longer to start than to answer: so many times the kit's patience. */
  private static final int START = 4;

  private final NetworkChannel port;
  private final Client.Run run;
  private final Duration patience;
  private final Transcript transcript;

  /** A client need not read all of its input at once, nor may one that does not hold up the kit. */
  private final BlockingQueue<byte[]> typed = new LinkedBlockingQueue<>();

  private final BlockingQueue<byte[]> shown = new LinkedBlockingQueue<>();

  /** What may be shown and not be looked at: a client that shows more for ever has to wait. */
  private final Semaphore room = new Semaphore(MAX_SHOWN);

  /** Of what was shown, what no expectation has looked at yet. */
  private byte[] rest = END;

  private boolean outputEnded;

  /** Until it has connected, the client may still be starting. */
  private boolean connected;

  private ClientUnderTest(
      NetworkChannel port, Client.Run run, Duration patience, Transcript transcript) {
    this.port = port;
    this.run = run;
    this.patience = patience;
    this.transcript = transcript;
    Thread.ofVirtual().start(this::type);
    Thread.ofVirtual().start(this::watch);
  }

  /** Starts a client where there is a server. */
  static ClientUnderTest start(Client client, Duration patience, Transcript transcript)
      throws IOException {
    return start(ServerSocketChannel.open(), client, patience, transcript);
  }

  /** Starts a client where nobody listens: the port is taken, so that nobody else can. */
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
      // it has ended, or reads no more: what it does with its input is seen at the other side
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
      }
    } catch (IOException ignored) {
      // it has ended
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      shown.add(END);
    }
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

  /** Ends the input, after what has been typed. */
  public void endInput() {
    transcript.add("user", "ends the input");
    typed.add(END);
  }

  /**
   * The connection that the client makes next.
   *
   * @throws Inconclusive if it ends before it makes one, which says nothing about the rule
   */
  public Peer accept() throws Broken, IOException, InterruptedException {
    ServerSocketChannel listener = (ServerSocketChannel) port;
    listener.socket().setSoTimeout(Math.toIntExact(BETWEEN_LOOKS.toMillis()));
    Duration within = patienceNow();
    long deadline = System.nanoTime() + within.toNanos();
    while (System.nanoTime() - deadline < 0) {
      // In this order: it may have connected before it ended.
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

  /** Demands that it shows just this next. */
  public void expectShown(String text) throws Broken, InterruptedException {
    expectShown(text.getBytes(UTF_8));
  }

  /** Demands that it shows just these bytes next. */
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

  /** Demands that it does not end for that long; what it shows meanwhile, one sees next. */
  public void expectPatience(Duration time) throws Broken, InterruptedException {
    OptionalInt exitCode = run.exitCode(time);
    if (exitCode.isPresent()) {
      throw new Broken(
          "a client that waits for %,d ms".formatted(time.toMillis()), ended(exitCode.getAsInt()));
    }
    transcript.add("kit", "sees the client wait for %,d ms".formatted(time.toMillis()));
  }

  /** Demands that it ends, with exit code 0, and shows nothing more. */
  public void expectSuccess() throws Broken, InterruptedException {
    int exitCode = awaitEnd();
    if (exitCode != 0) {
      throw new Broken("exit code 0", ended(exitCode));
    }
    if (rest.length > 0 || awaitOutput()) {
      throw new Broken("nothing more to be shown", Transcript.show(rest, 0, rest.length) + " came");
    }
  }

  /** Demands an end with an exit code other than 0, and a message on standard error. */
  public void expectComplaint() throws Broken, InterruptedException {
    int exitCode = awaitEnd();
    if (exitCode == 0) {
      throw new Broken("an exit code other than 0", ended(exitCode));
    }
    if (run.complaint().isEmpty()) {
      throw new Broken("a message on standard error", ended(exitCode));
    }
  }

  private int awaitEnd() throws Broken, InterruptedException {
    Duration within = patienceNow();
    OptionalInt exitCode = run.exitCode(within);
    if (exitCode.isEmpty()) {
      throw Broken.late(
          "the client to end", "it still ran after %,d ms".formatted(within.toMillis()));
    }
    transcript.add("kit", "sees the client end with exit code " + exitCode.getAsInt());
    return exitCode.getAsInt();
  }

  private String ended(int exitCode) throws InterruptedException {
    String words = run.complaint();
    return "it ended with exit code %d%s"
        .formatted(exitCode, words.isEmpty() ? " and without a message" : ": " + words);
  }

  /** Whether more of its output has come, within the kit's patience. */
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
    run.close();
    port.close();
  }
}
