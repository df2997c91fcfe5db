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
 * A request to {@link Programs#OFFLOAD}, with the code that answers it. A {@link Task} blocks or
 * computes for a long time, so the server must not run it in an event loop.
 */
public sealed interface OffloadRequest {

  /** The answer to a malformed request; the server then closes the connection. */
  String MALFORMED = "error expected ping, hash or read\n";

  /** The answer to {@link Ping}. */
  String PONG = "pong\n";

  /** The answer to a task when all workers are busy and the queue is full. */
  String BUSY = "error busy, try later\n";

  /** A request that the server answers at once. */
  record Ping() implements OffloadRequest {}

  /** Computes SHA-256 repeatedly, {@code times} times: CPU-bound. */
  record Hash(int times, String text) implements Task {
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

  /** Computes SHA-256 of a file: waits for the disk, or for the writer of a FIFO. */
  record Read(Path file) implements Task {
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
        Thread.interrupted(); // Clears the status: the exception reports it, and the thread is
        // pooled.
        throw new InterruptedException("cancelled");
      } catch (IOException _) {
        return "error cannot read %s\n".formatted(file.getFileName());
      }
    }
  }

  /** A request that takes a long time. */
  sealed interface Task extends OffloadRequest {

    /**
     * Computes the answer in the calling thread; may block. An interrupt cancels the task.
     *
     * @return the answer, a line that ends with LF
     * @throws InterruptedException if the thread was interrupted
     */
    String answer() throws InterruptedException;
  }

  /** Number of hashes between two checks of the thread's interrupt status. */
  int HASHES_BETWEEN_CHECKS = 1_024;

  /** Maximum number of bytes of a file that are read at a time. */
  int CHUNK = 64 * 1024;

  /**
   * Parses a request.
   *
   * @param line a line without its line end
   * @param folder the folder of the files that clients may read
   * @return the request; empty if the line is malformed
   */
  static Optional<OffloadRequest> parse(String line, Path folder) {
    if (line.equals("ping")) {
      return Optional.of(new Ping());
    }
    Matcher hash = OffloadSyntax.HASH.matcher(line);
    if (hash.matches()) {
      int times = Integer.parseInt(hash.group(1));
      return times >= 1 && times <= OffloadSyntax.MOST_TIMES
          ? Optional.of(new Hash(times, hash.group(2)))
          : Optional.empty();
    }
    Matcher read = OffloadSyntax.READ.matcher(line);
    return read.matches() ? Optional.of(new Read(folder.resolve(read.group(1)))) : Optional.empty();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
