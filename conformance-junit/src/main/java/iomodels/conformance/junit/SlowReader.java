package iomodels.conformance.junit;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * A client that keeps a server blocked in writing, then reads all of the reply, and soon afterwards
 * sends another request. The readers begin one after the other.
 */
final class SlowReader implements Callable<Optional<Boolean>>, Closeable {

  /** Half of them send after an idle check, if these are up to 50 ms apart. */
  static final int COUNT = 16;

  /** More than the kernel's buffers hold. */
  private static final int REPLY = 6_000_000;

  private static final long BLOCKED_MILLIS = 150;
  private static final long BETWEEN_MILLIS = 13;
  private static final long SILENT_MILLIS = 30;

  /** A client that sends later than this after it began to read may have been silent too long. */
  private static final long TOO_LATE_MILLIS = 45;

  private final Socket socket = new Socket();
  private final int number;

  SlowReader(InetSocketAddress server, int number) throws IOException {
    this.number = number;
    socket.setReceiveBufferSize(256 * 1024);
    socket.connect(server);
    socket.setSoTimeout(30_000);
    socket.getOutputStream().write((REPLY + "\n").getBytes(US_ASCII));
    demand(1);
  }

  /** Returns whether the request after the pause was served; empty if the machine delayed it. */
  @Override
  public Optional<Boolean> call() throws Exception {
    try (socket) {
      TimeUnit.MILLISECONDS.sleep(BLOCKED_MILLIS + number * BETWEEN_MILLIS);
      long begin = System.nanoTime();
      demand(REPLY - 1);
      TimeUnit.MILLISECONDS.sleep(SILENT_MILLIS);
      boolean sent = send();
      boolean inTime = System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(TOO_LATE_MILLIS);
      return inTime ? Optional.of(sent && isServed()) : Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private boolean send() {
    try {
      socket.getOutputStream().write("1\n".getBytes(US_ASCII));
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private boolean isServed() {
    try {
      return socket.getInputStream().read() == 0;
    } catch (IOException _) {
      return false;
    }
  }

  private void demand(int bytes) throws IOException {
    byte[] chunk = new byte[128 * 1024];
    for (int left = bytes; left > 0; ) {
      int count = socket.getInputStream().read(chunk, 0, Math.min(left, chunk.length));
      if (count < 0) {
        throw new IOException("the reply ends %,d bytes too early".formatted(left));
      }
      left -= count;
    }
  }
}
