package iomodels.conformance.targets;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A client that runs in this JVM, in a thread of its own.
 *
 * @param name name of the client
 * @param program its implementation
 */
public record InJvmClient(String name, Program program) implements Client {

  /** The implementation of a client, like a {@code main} method. */
  @FunctionalInterface
  public interface Program {

    /**
     * Runs the client to its end. An interrupt tells it to end at once.
     *
     * @param port the port on loopback to connect to
     * @param in its standard input
     * @param out its standard output
     * @param err its standard error
     * @return its exit code
     */
    int run(int port, InputStream in, OutputStream out, PrintWriter err) throws IOException;
  }

  private static final int CRASHED = 1;

  @Override
  public Run start(int port) throws IOException {
    Pipe in = Pipe.open();
    Pipe out = Pipe.open();
    StringWriter err = new StringWriter();
    CompletableFuture<Integer> exitCode = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual().start(() -> exitCode.complete(run(port, in.source(), out.sink(), err)));
    return new Run() {
      @Override
      public OutputStream input() {
        return Channels.newOutputStream(in.sink());
      }

      @Override
      public InputStream output() {
        return Channels.newInputStream(out.source());
      }

      @Override
      public OptionalInt exitCode(Duration within) throws InterruptedException {
        try {
          return OptionalInt.of(exitCode.get(within.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException _) {
          return OptionalInt.empty();
        } catch (ExecutionException e) {
          throw new IllegalStateException("the future never fails", e);
        }
      }

      @Override
      public String stderrTail() {
        return err.toString().strip();
      }

      @Override
      public void close() {
        thread.interrupt();
      }
    };
  }

  private int run(int port, Pipe.SourceChannel in, Pipe.SinkChannel out, StringWriter err) {
    PrintWriter errors = new PrintWriter(err, true);
    try (in;
        out) {
      return program.run(port, Channels.newInputStream(in), Channels.newOutputStream(out), errors);
    } catch (IOException e) {
      errors.println(e.getMessage());
      return CRASHED;
    }
  }
}
