package iomodels.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;

/**
 * What a client of {@link Programs#OFFLOAD} asks for, and how it is done: this blocks, or computes,
 * for long. That nobody else waits meanwhile is the server's business.
 */
public sealed interface Work {

  /** Said to whoever asks for anything else. */
  String EXPECTED = "error expected ping, hash or read\n";

  /** The answer to {@code ping}. */
  String PONG = "pong\n";

  /** Said when as many wait as may. */
  String BUSY = "error busy, try later\n";

  /** Is answered at once. */
  record Ping() implements Work {}

  /** A hash of a hash, and so on, that many times: takes a processor. */
  record Hash(int times, String text) implements Slow {
    @Override
    public String answer() throws InterruptedException {
      MessageDigest digest = sha256();
      byte[] hash = text.getBytes(UTF_8);
      for (int i = 0; i < times; i++) {
        hash = digest.digest(hash);
        if (i % HASHES_BETWEEN_CHECKS == 0 && Thread.interrupted()) {
          throw new InterruptedException("cancelled");
        }
      }
      return HexFormat.of().formatHex(hash) + "\n";
    }
  }

  /** The hash of a file: waits for a disk, or for who writes to a pipe. */
  record Read(Path file) implements Slow {
    @Override
    public String answer() throws InterruptedException {
      MessageDigest digest = sha256();
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
      try (FileChannel in = ReadableFile.open(file)) {
        while (in.read(chunk.clear()) >= 0) {
          digest.update(chunk.flip());
        }
        return HexFormat.of().formatHex(digest.digest()) + "\n";
      } catch (ClosedByInterruptException _) {
        Thread.interrupted(); // The exception says it; the thread goes back to its pool.
        throw new InterruptedException("cancelled");
      } catch (IOException _) {
        return "error cannot read %s\n".formatted(file.getFileName());
      }
    }
  }

  /** Takes long. */
  sealed interface Slow extends Work {

    /**
     * Does the work in this thread, which may block, or compute, for long. An interrupt cancels it.
     *
     * @return the answer, a line that ends with LF
     * @throws InterruptedException if the thread was interrupted: nobody wants the answer any more
     */
    String answer() throws InterruptedException;
  }

  /** How many hashes are computed between two looks at the thread's interrupt status. */
  int HASHES_BETWEEN_CHECKS = 1_024;

  /** How much of a file is read at a time. */
  int CHUNK = 64 * 1024;

  /**
   * Of a line; empty if it is none.
   *
   * @param folder where the files lie that may be read
   */
  static Optional<Work> of(String line, Path folder) {
    if (line.equals("ping")) {
      return Optional.of(new Ping());
    }
    Matcher hash = Requests.HASH.matcher(line);
    if (hash.matches()) {
      int times = Integer.parseInt(hash.group(1));
      return times >= 1 && times <= Requests.MOST_TIMES
          ? Optional.of(new Hash(times, hash.group(2)))
          : Optional.empty();
    }
    Matcher read = Requests.READ.matcher(line);
    return read.matches() ? Optional.of(new Read(folder.resolve(read.group(1)))) : Optional.empty();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has it", e);
    }
  }
}
