package iomodels.conformance.targets;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * A client in any language, started by a shell command in which {@code {port}} stands for the port
 * to connect to.
 *
 * @param name the command
 */
public record CommandClient(String name) implements Client {

  @Override
  public Run start(int port) throws IOException {
    String line = name.replace("{port}", String.valueOf(port));
    ManagedProcess child = ManagedProcess.withRawOutput(ManagedProcess.shell(line));
    return new Run() {
      @Override
      public OutputStream input() {
        return child.input();
      }

      @Override
      public InputStream output() {
        return child.output();
      }

      @Override
      public OptionalInt exitCode(Duration within) throws InterruptedException {
        return child.awaitEnd(within) ? OptionalInt.of(child.exitCode()) : OptionalInt.empty();
      }

      @Override
      public String stderrTail() throws InterruptedException {
        return child.stderrTail();
      }

      @Override
      public void close() {
        child.kill();
      }
    };
  }
}
