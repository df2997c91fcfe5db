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
 * computes for a long time: the server has to run it where it holds up no other client.
 */
public sealed interface OffloadRequest {

  /** The answer to a line that is no request; the conversation then ends. */
  String MALFORMED = "error expected ping, hash or read\n";

  /** The answer to {@link Ping}. */
  String PONG = "pong\n";

  /** The answer to a task that neither a worker nor the queue has room for. */
  String BUSY = "error busy, try later\n";

  /** Answered at once. */
  record Ping() implements OffloadRequest {}

  /** SHA-256, applied {@code times} times: keeps a processor busy. */
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

  /** SHA-256 of a file: waits for the disk, or for the writer of a FIFO. */
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
        Thread.interrupted(); // The exception says it; the thread goes back to its pool.
        throw new InterruptedException("cancelled");
      } catch (IOException _) {
        return "error cannot read %s\n".formatted(file.getFileName());
      }
    }
  }

  /** A request that takes long. */
  sealed interface Task extends OffloadRequest {

    /**
     * Computes the answer in the calling thread. An interrupt cancels the task.
     *
     * @return the answer, a line that ends with LF
     * @throws InterruptedException if the thread was interrupted
     */
    String answer() throws InterruptedException;
  }

  /** Number of hashes between two checks of the thread's interrupt status. */
  int HASHES_BETWEEN_CHECKS = 1_024;

  /** Number of bytes of a file that are read at a time. */
  int CHUNK = 64 * 1024;

  /**
   * Parses a line without its line end; empty if it is no request.
   *
   * @param folder the folder of the files that clients may read
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
      throw new AssertionError("every Java has it", e);
    }
  }
}
