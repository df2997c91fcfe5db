package iomodels.lab.bench;

import iomodels.lab.Contestant;
import iomodels.lab.CrowdProcess;
import iomodels.lab.Load;
import iomodels.lab.LoadException;
import iomodels.lab.LoadGenerator;
import iomodels.lab.Match;
import iomodels.lab.Match.Played;
import iomodels.lab.Servers;
import iomodels.lab.SystemCalls;
import iomodels.lab.report.ScenarioResult;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.ServerResult.IdlePoint;
import iomodels.lab.report.Stamp;
import java.io.IOException;
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
 * Measures servers beside the same service in C: each beside C epoll, beside its own model in C,
 * and beside C epoll a second time, since how far two runs of the same program differ is how far a
 * difference between two others says nothing. For use by one thread.
 *
 * @param servers starts them, where servers belong
 * @param scenario what is asked of them
 * @param match how long and how often
 * @param crowd how many idle connections {@link Scenario#IDLE} makes
 * @param jvmFlags for the models' JVMs
 * @param common what all are measured beside, if there is something
 * @param hasTwins whether each is also measured beside its own model in C
 * @param judged what the conformance kit has against a server
 */
public record Bench(
    Supplier<Servers> servers,
    Scenario scenario,
    Match match,
    int crowd,
    List<String> jvmFlags,
    Optional<String> common,
    boolean hasTwins,
    Function<String, Set<Stamp>> judged) {

  /** What all are measured beside, where there is a C compiler. */
  public static final String COMMON = "c-epoll";

  /** The same for {@link Scenario#UDP}. */
  public static final String COMMON_OF_DATAGRAMS = "c-udp";

  /** The same for {@link Scenario#RELAY}. */
  public static final String COMMON_OF_RELAYS = "c-relay";

  /** Is told how far it is. */
  public interface Listener {

    /** What is being done. */
    void doing(String what);

    /** One of {@link Bench#steps} is done. */
    void step();

    /** A server has been measured, or is not fit for it, or has failed. */
    void measured(ServerResult result);
  }

  /** How many steps there are, about. */
  public long steps(List<Candidate> candidates) {
    List<Candidate> fit = candidates.stream().filter(it -> unfit(it).isEmpty()).toList();
    return switch (scenario) {
      case IDLE -> (long) fit.size() * crowd;
      case SYSCALLS -> fit.size();
      default ->
          groups(fit).stream().mapToLong(it -> lanes(it).size() * (match.rounds() + 1L)).sum();
    };
  }

  /**
   * Measures all of them. One that fails is a row as well.
   *
   * @return rows in the order of the candidates
   */
  public ScenarioResult run(List<Candidate> candidates, Listener listener)
      throws InterruptedException {
    List<ServerResult> rows = new ArrayList<>();
    Listener collecting = new Collecting(listener, rows);
    for (Candidate candidate : candidates) {
      unfit(candidate)
          .map(it -> ServerResult.unfit(candidate.name(), candidate.twin(), it))
          .ifPresent(collecting::measured);
    }
    List<Candidate> fit = candidates.stream().filter(it -> unfit(it).isEmpty()).toList();
    switch (scenario) {
      case IDLE, SYSCALLS -> {
        for (Candidate candidate : fit) {
          listener.doing(candidate.name());
          collecting.measured(alone(candidate, listener));
        }
      }
      default -> {
        for (List<Candidate> group : groups(fit)) {
          measure(group, collecting);
        }
      }
    }
    List<String> order = candidates.stream().map(Candidate::name).toList();
    rows.sort(Comparator.comparingInt(it -> order.indexOf(it.name())));
    return new ScenarioResult(
        scenario.toString(),
        scenario.words(),
        match.round().toMillis(),
        match.rounds(),
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

  /** Why a server cannot be asked for that, if so. */
  private Optional<String> unfit(Candidate candidate) {
    int needed =
        switch (scenario) {
          case IDLE -> crowd;
          case MOSTLY_IDLE -> Scenario.IDLE_BESIDE + scenario.connections();
          default -> 1;
        };
    if (candidate.connections() < needed) {
      return Optional.of("it serves %,d at a time at most".formatted(candidate.connections()));
    }
    return scenario == Scenario.UDP && !candidate.datagrams()
        ? Optional.of("it does not serve over UDP")
        : Optional.empty();
  }

  private List<List<Candidate>> groups(List<Candidate> candidates) {
    return Groups.of(candidates, scenario.connections(), hasTwins);
  }

  private String twin(Candidate candidate) {
    return scenario == Scenario.UDP ? COMMON_OF_DATAGRAMS : candidate.twin();
  }

  /** Who takes turns, by name: the common yardstick is first and last. */
  private List<String> lanes(List<Candidate> group) {
    List<String> lanes = new ArrayList<>();
    common.ifPresent(lanes::add);
    group.forEach(it -> lanes.add(it.name()));
    if (hasTwins) {
      Set<String> twins = new LinkedHashSet<>(group.stream().map(this::twin).toList());
      lanes.forEach(twins::remove);
      lanes.addAll(twins);
    }
    common.ifPresent(lanes::add);
    return lanes;
  }

  private void measure(List<Candidate> group, Listener listener) throws InterruptedException {
    List<String> names = lanes(group);
    listener.doing(String.join(", ", group.stream().map(Candidate::name).toList()));
    List<CrowdProcess> crowds = new ArrayList<>();
    try (Servers started = servers.get()) {
      List<Turns.Lane> lanes = new ArrayList<>();
      for (String name : names) {
        lanes.add(start(name, started, crowds));
      }
      List<Contestant> contestants =
          lanes.stream().flatMap(it -> it.contestant().stream()).toList();
      int atATime = contestants.stream().mapToInt(Contestant::connections).min().orElse(1);
      List<Played> played =
          match.play(
              contestants,
              this::before,
              it -> scenario.load(it.address(), atATime),
              listener::step);
      int connections = Math.min(scenario.connections(), atATime);
      Turns turns = new Turns(scenario, connections, common, Turns.assign(lanes, played));
      for (Candidate candidate : group) {
        listener.measured(turns.result(candidate, twin(candidate), judged.apply(candidate.name())));
      }
    } finally {
      for (CrowdProcess each : crowds) {
        each.close();
      }
    }
  }

  private List<Load> before(Contestant contestant) {
    return scenario.before().stream()
        .map(it -> it.load(contestant.address(), contestant.connections()))
        .toList();
  }

  private Turns.Lane start(String name, Servers started, List<CrowdProcess> crowds)
      throws InterruptedException {
    try {
      Contestant contestant = started.start(name, jvmFlags);
      if (scenario == Scenario.MOSTLY_IDLE) {
        CrowdProcess idle = CrowdProcess.start(contestant.address());
        crowds.add(idle);
        idle.growTo(Scenario.IDLE_BESIDE);
      }
      return new Turns.Lane(name, Optional.of(contestant), "");
    } catch (IOException e) {
      return new Turns.Lane(name, Optional.empty(), String.valueOf(e.getMessage()));
    }
  }

  private ServerResult alone(Candidate candidate, Listener listener) throws InterruptedException {
    List<String> flags = new ArrayList<>(jvmFlags);
    if (scenario == Scenario.IDLE) {
      flags.addAll(IdleMemory.JVM_FLAGS);
    }
    try (Servers started = servers.get()) {
      Contestant contestant = started.start(candidate.name(), flags);
      Optional<List<IdlePoint>> idle = Optional.empty();
      Optional<Map<String, Double>> calls = Optional.empty();
      if (scenario == Scenario.IDLE) {
        idle = Optional.of(IdleMemory.of(contestant, crowd, listener::step));
      } else {
        calls = Optional.of(systemCalls(contestant));
        listener.step();
      }
      return new ServerResult(
          candidate.name(),
          contestant.name(),
          candidate.twin(),
          Optional.empty(),
          idle,
          calls,
          List.copyOf(judged.apply(candidate.name())),
          "",
          "");
    } catch (IOException | LoadException e) {
      return ServerResult.failed(
          candidate.name(), candidate.twin(), String.valueOf(e.getMessage()));
    }
  }

  private Map<String, Double> systemCalls(Contestant contestant)
      throws IOException, LoadException, InterruptedException {
    try (LoadGenerator generator =
        LoadGenerator.connect(scenario.load(contestant.address(), contestant.connections()))) {
      generator.round(match.longestWarmUp()); // else the compiler's own calls are counted, too
      return SystemCalls.perMessage(contestant.process(), generator, match.round());
    }
  }
}
