package iomodels.cli.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.Random;

/** A conversation with real data: sends text and a binary file, and verifies the reply. */
public final class RoundTripCheck {

  /** Greek, Cyrillic, Chinese and an emoji pass through; only ASCII letters change. */
  private static final String TEXT =
      """
      hello, wörld: the quick brown fox jumps over the lazy dog 0123456789
      καλημέρα κόσμε, здравствуй, мир, 你好，世界, こんにちは世界, שלום עולם, 🌍
      """;

  private static final int FILE_LENGTH = 1 << 20;
  private static final int TIMEOUT_MILLIS = 20_000;

  private RoundTripCheck() {}

  /**
   * Sends a text in several scripts and a binary file to a server of {@code upper}, half-closes,
   * and compares the reply byte for byte.
   *
   * @return what went wrong; empty if nothing did
   */
  public static String withServer(InetSocketAddress address, long seed)
      throws InterruptedException {
    byte[] file = new byte[FILE_LENGTH];
    new Random(seed).nextBytes(file);
    byte[] text = TEXT.getBytes(UTF_8);
    byte[] sent = Arrays.copyOf(text, text.length + file.length);
    System.arraycopy(file, 0, sent, text.length, file.length);
    try (Socket socket = new Socket()) {
      socket.connect(address, TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      Thread sender = Thread.ofVirtual().start(() -> send(socket, sent));
      byte[] received = socket.getInputStream().readAllBytes();
      sender.join();
      int differs = Arrays.mismatch(upper(sent), received);
      return differs < 0
          ? ""
          : "byte %,d of %,d differs, of %,d received"
              .formatted(differs, sent.length, received.length);
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static void send(Socket socket, byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
      socket.shutdownOutput();
    } catch (IOException _) {
      // The receiver reports the consequence.
    }
  }

  private static byte[] upper(byte[] bytes) {
    byte[] upper = bytes.clone();
    for (int i = 0; i < upper.length; i++) {
      if (upper[i] >= 'a' && upper[i] <= 'z') {
        upper[i] = (byte) (upper[i] - 'a' + 'A');
      }
    }
    return upper;
  }
}
