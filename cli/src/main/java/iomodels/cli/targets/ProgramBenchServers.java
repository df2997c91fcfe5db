package iomodels.cli.targets;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.output.UserError;
import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.StyleTarget;
import iomodels.lab.bench.Bench;
import iomodels.lab.bench.Nginx;
import iomodels.lab.bench.Pinning;
import iomodels.lab.bench.ServerSpec;
import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.ServerUnderTest.Upstream;
import iomodels.lab.bench.Servers;
import iomodels.lab.bench.Yardstick;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Starts a program in several styles for a measurement, each on the servers' processor. If the
 * program needs an upstream, all share one: C epoll.
 */
public final class ProgramBenchServers implements Servers {

  /**
   * Time limit for the head of a request. Some styles count it from the end of the response before,
   * and would close the connections in the turns of the other servers.
   */
  private static final Duration HEAD_LIMIT = Duration.ofHours(1);

  private final Program program;
  private final Pinning pinning;
  private final Deque<AutoCloseable> started = new ArrayDeque<>();
  private Optional<Yardstick> upstream = Optional.empty();

  /** Creates an instance that has not started a program. */
  public ProgramBenchServers(Program program, Pinning pinning) {
    this.program = program;
    this.pinning = pinning;
  }

  /**
   * The servers to measure.
   *
   * @param names names of styles, of examples such as {@code example-vertx}, and of the server that
   *     all are compared with if there is one; empty for all styles that have the program
   * @throws UserError if there is no such style, or it does not have that program
   */
  public static List<ServerSpec> specs(Program program, List<String> names) throws UserError {
    List<ServerSpec> specs = new ArrayList<>();
    List<String> all = ArgumentResolver.styles(program).stream().map(StyleProvider::style).toList();
    for (String name : names.isEmpty() ? all : names) {
      if (!isCommon(program, name)) {
        style(program, name);
      } else if (program.equals(Programs.HTTP) && !Nginx.isInstalled()) {
        throw new UserError(Nginx.MISSING);
      }
      specs.add(new ServerSpec(name, common(program).orElse(""), Integer.MAX_VALUE, false));
    }
    return specs;
  }

  /** The server that all are compared with: the program in C, or nginx, if there is one. */
  public static Optional<String> common(Program program) {
    if (program.equals(Programs.RELAY)) {
      return Optional.of(Bench.COMMON_OF_RELAYS);
    }
    return program.equals(Programs.HTTP) ? Optional.of(Bench.COMMON_OF_HTTP) : Optional.empty();
  }

  static boolean isCommon(Program program, String name) {
    return common(program).filter(name::equals).isPresent();
  }

  static StyleProvider style(Program program, String name) throws UserError {
    if (BenchServers.isExample(name)) {
      return ArgumentResolver.style(name, program);
    }
    Optional<StyleProvider> style =
        StyleProvider.named(name).filter(it -> it.page(program).isPresent());
    if (style.isEmpty()) {
      String there = ArgumentResolver.names(ArgumentResolver.styles(program));
      throw new UserError("no style '%s' has %s; those do: %s".formatted(name, program, there));
    }
    return style.get();
  }

  @Override
  public ServerUnderTest start(String name, List<String> jvmFlags)
      throws IOException, InterruptedException {
    if (name.equals(Nginx.NAME)) {
      Nginx nginx = Nginx.start(pinning.prefix());
      started.push(nginx);
      return ServerUnderTest.of(nginx);
    }
    if (isCommon(program, name)) {
      ProgramConfig config = config();
      Yardstick relay =
          Yardstick.startRelay(
              config.upstreams().getFirst().getPort(), config.deadline(), pinning.prefix());
      started.push(relay);
      return behindWhichIsTheUpstream(ServerUnderTest.of(relay));
    }
    StyleTarget target;
    try {
      target = StyleTarget.toBeMeasured(style(program, name), program, jvmFlags);
    } catch (UserError e) {
      throw new IOException(e.getMessage(), e);
    }
    started.push(target);
    Instance instance = launch(target);
    ProcessHandle process = instance.process().orElseThrow();
    return behindWhichIsTheUpstream(
        new ServerUnderTest(
            name,
            instance.address(),
            process,
            Integer.MAX_VALUE,
            false,
            false,
            true,
            Optional.empty()));
  }

  private Instance launch(StyleTarget target) throws IOException, InterruptedException {
    ProgramConfig config = config();
    return pinning.startServer(() -> target.launch(config));
  }

  private ProgramConfig config() throws IOException, InterruptedException {
    ProgramConfig usual =
        ProgramConfig.onLoopback(program.equals(Programs.RELAY) ? List.of(upstream()) : List.of());
    return program.equals(Programs.HTTP) ? usual.within(HEAD_LIMIT) : usual;
  }

  private InetSocketAddress upstream() throws IOException, InterruptedException {
    if (upstream.isEmpty()) {
      Yardstick epoll = Yardstick.start("epoll", pinning.upstreamPrefix());
      started.push(epoll);
      upstream = Optional.of(epoll);
    }
    return upstream.get().address();
  }

  private ServerUnderTest behindWhichIsTheUpstream(ServerUnderTest server) {
    return upstream
        .map(it -> new Upstream(it.process(), pinning.upstreamIsBesideLoad()))
        .map(server::withUpstream)
        .orElse(server);
  }

  @Override
  public void close() {
    while (!started.isEmpty()) {
      switch (started.pop()) {
        case StyleTarget target -> target.close();
        case Yardstick yardstick -> yardstick.close();
        case Nginx nginx -> nginx.close();
        default -> throw new AssertionError();
      }
    }
  }
}
