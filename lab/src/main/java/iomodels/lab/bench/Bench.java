package iomodels.lab.bench;

import iomodels.lab.bench.InterleavedRun.RunResult;
import iomodels.lab.bench.TurnResults.MeasuredServer;
import iomodels.lab.bench.TurnResults.StartAttempt;
import iomodels.lab.load.ClientCrowd;
import iomodels.lab.load.EventStreamClients;
import iomodels.lab.load.IdleClients;
import iomodels.lab.load.IdleClientsProcess;
import iomodels.lab.load.Load;
import iomodels.lab.load.LoadException;
import iomodels.lab.load.LoadGenerator;
import iomodels.lab.load.LoadGenerators;
import iomodels.lab.report.Caveat;
import iomodels.lab.report.ScenarioResult;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.ServerResult.IdlePoint;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Measures servers in turns with the same service in C: with C epoll, with the server's own model
 * in C, and with C epoll a second time. Two runs of the same program differ; a smaller difference
 * between two servers means nothing. For use by one thread.
 *
 * @param servers starts them
 * @param scenario what they have to do
 * @param interleaved length and number of the rounds
 * @param crowd how many connections {@link Scenario#isCrowd} makes
 * @param jvmFlags for the models' JVMs
 * @param common name of the server that all are compared with, if any
 * @param hasTwins whether each server is also compared with its own model in C
 * @param judged the conformance kit's caveats about a server
 */
public record Bench(
    Supplier<Servers> servers,
    Scenario scenario,
    InterleavedRun interleaved,
    int crowd,
    List<String> jvmFlags,
    Optional<String> common,
    boolean hasTwins,
    Function<String, Set<Caveat>> judged) {

  /** The server that all are compared with, where there is a C compiler. */
  public static final String COMMON = "c-epoll";

  /** The same for {@link Scenario#UDP}. */
  public static final String COMMON_OF_DATAGRAMS = "c-udp";

  /** The same for {@link Scenario#RELAY}. */
  public static final String COMMON_OF_RELAYS = "c-relay";

  /** The same for {@link Scenario#isForNginx}. */
  public static final String COMMON_OF_HTTP = Nginx.NAME;

  /** Follows the progress. */
  public interface Listener {

    /** Something begins, such as the turns of some servers. */
    void doing(String what);

    /** One of {@link Bench#steps} is done. */
    void step();

    /** A server has been measured, does not fit the scenario, or has failed. */
    void measured(ServerResult result);
  }

  /** About how many steps there are. */
  public long steps(List<ServerSpec> specs) {
    List<ServerSpec> fit = specs.stream().filter(it -> unfit(it).isEmpty()).toList();
    return switch (scenario) {
      case IDLE -> (long) fit.size() * crowd;
      case SYSCALLS -> fit.size();
      case HTTP_TICKER -> fit.size() * (crowd + interleaved.rounds() + 1L);
      default ->
          groups(fit).stream()
              .mapToLong(it -> namesInTurn(it).size() * (interleaved.rounds() + 1L))
              .sum();
    };
  }

  /**
   * Measures servers. One that fails has a row as well.
   *
   * @return rows in the order of the servers
   */
  public ScenarioResult run(List<ServerSpec> specs, Listener listener) throws InterruptedException {
    List<ServerResult> rows = new ArrayList<>();
    Listener collecting = new Collecting(listener, rows);
    for (ServerSpec spec : specs) {
      unfit(spec)
          .map(it -> ServerResult.unfit(spec.name(), spec.twin(), it))
          .ifPresent(collecting::measured);
    }
    List<ServerSpec> fit = specs.stream().filter(it -> unfit(it).isEmpty()).toList();
    switch (scenario) {
      case IDLE, SYSCALLS, HTTP_TICKER -> {
        for (ServerSpec spec : fit) {
          listener.doing(spec.name());
          collecting.measured(alone(spec, listener));
        }
      }
      default -> {
        for (List<ServerSpec> group : groups(fit)) {
          measure(group, collecting);
        }
      }
    }
    List<String> order = specs.stream().map(ServerSpec::name).toList();
    rows.sort(Comparator.comparingInt(it -> order.indexOf(it.name())));
    return new ScenarioResult(
        scenario.toString(),
        scenario.words(),
        (scenario == Scenario.HTTP_TICKER ? ofEvents() : interleaved).round().toMillis(),
        interleaved.rounds(),
        jvmFlags,
        List.copyOf(rows));
  }

  private record Collecting(Listener listener, List<ServerResult> rows) implements Listener {
    @Override
    public void doing(String what) {
      listener.doing(what);
    }

    @Override
    public void step() {
      listener.step();
    }

    @Override
    public void measured(ServerResult result) {
      rows.add(result);
      listener.measured(result);
    }
  }

  /** Why a server does not fit the scenario; empty if it does. */
  private Optional<String> unfit(ServerSpec spec) {
    int needed =
        switch (scenario) {
          case IDLE -> crowd;
          case MOSTLY_IDLE -> Scenario.IDLE_BESIDE + scenario.connections();
          default -> 1;
        };
    if (spec.connections() < needed) {
      return Optional.of(
          spec.connections() == 1
              ? "it serves one client at a time"
              : "it serves at most %,d clients at a time".formatted(spec.connections()));
    }
    if (spec.name().equals(Nginx.NAME) && !scenario.isForNginx()) {
      return Optional.of("it serves GET /hello only");
    }
    return scenario == Scenario.UDP && !spec.datagrams()
        ? Optional.of("it does not serve over UDP")
        : Optional.empty();
  }

  private List<List<ServerSpec>> groups(List<ServerSpec> specs) {
    return Groups.of(specs, scenario.connections(), hasTwins);
  }

  private String twin(ServerSpec spec) {
    return scenario == Scenario.UDP ? COMMON_OF_DATAGRAMS : spec.twin();
  }

  /** Names of the servers of a turn, in order: the common yardstick is first and last. */
  private List<String> namesInTurn(List<ServerSpec> group) {
    List<String> names = new ArrayList<>();
    common.ifPresent(names::add);
    group.forEach(it -> names.add(it.name()));
    if (hasTwins) {
      Set<String> twins = new LinkedHashSet<>(group.stream().map(this::twin).toList());
      names.forEach(twins::remove);
      names.addAll(twins);
    }
    common.ifPresent(names::add);
    return names;
  }

  private void measure(List<ServerSpec> group, Listener listener) throws InterruptedException {
    listener.doing(String.join(", ", group.stream().map(ServerSpec::name).toList()));
    List<IdleClientsProcess> idle = new ArrayList<>();
    try (Servers starting = servers.get()) {
      List<StartAttempt> attempts = new ArrayList<>();
      for (String name : namesInTurn(group)) {
        attempts.add(start(name, starting, idle));
      }
      List<ServerUnderTest> running =
          attempts.stream().flatMap(it -> it.server().stream()).toList();
      int atATime = running.stream().mapToInt(ServerUnderTest::connections).min().orElse(1);
      List<RunResult> results =
          interleaved.measure(
              running, this::before, it -> scenario.load(it.address(), atATime), listener::step);
      int connections = Math.min(scenario.connections(), atATime);
      TurnResults turns =
          new TurnResults(scenario, connections, common, TurnResults.combine(attempts, results));
      for (ServerSpec spec : group) {
        listener.measured(turns.result(spec, twin(spec), judged.apply(spec.name())));
      }
    } finally {
      for (IdleClientsProcess each : idle) {
        each.close();
      }
    }
  }

  private List<Load> before(ServerUnderTest server) {
    return scenario.before().stream()
        .map(it -> it.load(server.address(), server.connections()))
        .toList();
  }

  private StartAttempt start(String name, Servers starting, List<IdleClientsProcess> idle)
      throws InterruptedException {
    try {
      ServerUnderTest server = starting.start(name, jvmFlags);
      if (scenario == Scenario.MOSTLY_IDLE) {
        IdleClientsProcess clients = IdleClientsProcess.start(server.address());
        idle.add(clients);
        clients.growTo(Scenario.IDLE_BESIDE);
      }
      return new StartAttempt(name, Optional.of(server), "");
    } catch (IOException e) {
      return new StartAttempt(name, Optional.empty(), String.valueOf(e.getMessage()));
    }
  }

  private ServerResult alone(ServerSpec spec, Listener listener) throws InterruptedException {
    try {
      return switch (scenario) {
        case IDLE -> withMemory(spec, listener);
        case HTTP_TICKER -> withMemory(spec, listener).withLoad(eventStreams(spec, listener));
        default -> withSystemCalls(spec, listener);
      };
    } catch (IOException | LoadException e) {
      return ServerResult.failed(spec.name(), spec.twin(), String.valueOf(e.getMessage()));
    }
  }

  private ServerResult withMemory(ServerSpec spec, Listener listener)
      throws IOException, LoadException, InterruptedException {
    List<String> flags = new ArrayList<>(jvmFlags);
    flags.addAll(IdleMemory.JVM_FLAGS);
    try (Servers starting = servers.get()) {
      ServerUnderTest server = starting.start(spec.name(), flags);
      try (ClientCrowd clients = clients(server)) {
        List<IdlePoint> points = IdleMemory.of(server, clients, crowd, listener::step);
        return result(spec, server, Optional.of(points), Optional.empty());
      }
    }
  }

  private ClientCrowd clients(ServerUnderTest server) throws LoadException, InterruptedException {
    return scenario == Scenario.IDLE
        ? new IdleClients(server.address())
        : EventStreamClients.of(crowdLoad(server));
  }

  private Load crowdLoad(ServerUnderTest server) {
    return scenario.load(server.address(), server.connections()).withConnections(crowd);
  }

  /** In a process of its own, with the usual flags: those of the memory change the speed. */
  private ServerResult eventStreams(ServerSpec spec, Listener listener)
      throws IOException, InterruptedException {
    try (Servers starting = servers.get()) {
      ServerUnderTest server = starting.start(spec.name(), jvmFlags);
      List<RunResult> results =
          ofEvents().measure(List.of(server), this::crowdLoad, listener::step);
      return new TurnResults(
              scenario,
              crowd,
              Optional.empty(),
              List.of(new MeasuredServer(spec.name(), server.name(), results.getFirst())))
          .result(spec, spec.twin(), judged.apply(spec.name()));
    }
  }

  /** An event is rarer than a reply: rounds and warm-up are longer. */
  private InterleavedRun ofEvents() {
    Duration least = EventStreamClients.INTERVAL.multipliedBy(2);
    return new InterleavedRun(
        interleaved.warmUp().multipliedBy(4),
        interleaved.round().compareTo(least) < 0 ? least : interleaved.round(),
        interleaved.rounds());
  }

  private ServerResult withSystemCalls(ServerSpec spec, Listener listener)
      throws IOException, LoadException, InterruptedException {
    try (Servers starting = servers.get()) {
      ServerUnderTest server = starting.start(spec.name(), jvmFlags);
      Map<String, Double> calls = systemCalls(server);
      listener.step();
      return result(spec, server, Optional.empty(), Optional.of(calls));
    }
  }

  private ServerResult result(
      ServerSpec spec,
      ServerUnderTest server,
      Optional<List<IdlePoint>> idle,
      Optional<Map<String, Double>> calls) {
    return new ServerResult(
        spec.name(),
        server.name(),
        spec.twin(),
        Optional.empty(),
        idle,
        calls,
        List.copyOf(judged.apply(spec.name())),
        "",
        "");
  }

  private Map<String, Double> systemCalls(ServerUnderTest server)
      throws IOException, LoadException, InterruptedException {
    try (LoadGenerator generator =
        LoadGenerators.connect(scenario.load(server.address(), server.connections()))) {
      // Without a warm-up, the system calls of the JIT compiler would be counted as well.
      generator.round(interleaved.longestWarmUp());
      return SystemCalls.perMessage(server.process(), generator, interleaved.round());
    }
  }
}
