package iomodels.conformance.targets;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A program in the kit's own JVM, for wrong programs and for debugging. The two share descriptors,
 * heap, threads and processor time. A {@link StyleTarget} gives a sound verdict on a program.
 */
public final class InJvmProgramTarget implements ProgramTarget {

  private final String name;
  private final Program program;
  private final StyleProvider.Starter starter;
  private final boolean alone;

  /** Creates a target whose process the kit does not observe. */
  public InJvmProgramTarget(String name, Program program, StyleProvider.Starter starter) {
    this(name, program, starter, false);
  }

  private InJvmProgramTarget(
      String name, Program program, StyleProvider.Starter starter, boolean alone) {
    this.name = name;
    this.program = program;
    this.starter = starter;
    this.alone = alone;
  }

  /**
   * Returns the same target with this JVM as its process. Where nothing else runs in this JVM, the
   * descriptors that stay open are the program's, since the kit closes its own.
   */
  public InJvmProgramTarget alone() {
    return new InJvmProgramTarget(name, program, starter, true);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Program program() {
    return program;
  }

  @Override
  public boolean launchesProcesses() {
    return alone;
  }

  /** Pausing the process would pause the kit. */
  @Override
  public boolean launchesAlone() {
    return false;
  }

  @Override
  public Instance launch(ProgramConfig config) throws IOException {
    Server server = starter.start(config);
    return new Instance() {
      @Override
      public InetSocketAddress address() {
        return server.address();
      }

      @Override
      public Optional<ProcessHandle> process() {
        return alone ? Optional.of(ProcessHandle.current()) : Optional.empty();
      }

      @Override
      public void stop() {
        Thread.ofVirtual().start(server::close);
      }

      @Override
      public boolean awaitEnd(Duration within) throws InterruptedException {
        try {
          server.terminated().get(within.toMillis(), TimeUnit.MILLISECONDS);
          return true;
        } catch (ExecutionException _) {
          return true;
        } catch (TimeoutException _) {
          return false;
        }
      }

      @Override
      public void close() {
        server.close();
      }
    };
  }

  /** Does nothing: each server is closed with its test. */
  @Override
  public void close() {}
}
