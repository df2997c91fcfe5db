package iomodels.cli.commands;

import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.lab.bench.Yardstick;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The relay in C as a target of the kit, with a process for each server. */
final class RelayInC implements ProgramTarget {

  private final Queue<Yardstick> started = new ConcurrentLinkedQueue<>();

  @Override
  public String name() {
    return "c-relay";
  }

  @Override
  public Program program() {
    return Programs.RELAY;
  }

  @Override
  public Instance launch(ProgramConfig config) throws IOException, InterruptedException {
    int upstream = config.upstreams().getFirst().getPort();
    Yardstick relay = Yardstick.startRelay(upstream, config.deadline(), List.of());
    started.add(relay);
    return new Running(relay);
  }

  @Override
  public void close() {
    started.forEach(Yardstick::close);
  }

  private record Running(Yardstick relay) implements Instance {

    @Override
    public InetSocketAddress address() {
      return relay.address();
    }

    @Override
    public Optional<ProcessHandle> process() {
      return Optional.of(relay.process());
    }

    @Override
    public void stop() {
      relay.process().destroy();
    }

    @Override
    public boolean awaitEnd(Duration within) throws InterruptedException {
      try {
        relay.process().onExit().get(within.toMillis(), TimeUnit.MILLISECONDS);
        return true;
      } catch (ExecutionException e) {
        throw new IllegalStateException("waiting for an end must not throw", e);
      } catch (TimeoutException _) {
        return false;
      }
    }

    @Override
    public void close() {
      relay.close();
    }
  }
}
