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
 * A client that runs in this JVM, each time in a thread of its own.
 *
 * @param name what it is called
 * @param program what it does
 */
public record InJvmClient(String name, Program program) implements Client {

  /** What a client's {@code main} would do. */
  @FunctionalInterface
  public interface Program {

    /**
     * Runs from connecting to the end; interrupted if it has to end at once.
     *
     * @param port where to connect to, on loopback
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
          throw new IllegalStateException("it only completes", e);
        }
      }

      @Override
      public String complaint() {
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
