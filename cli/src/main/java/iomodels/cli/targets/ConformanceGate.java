package iomodels.cli.targets;

import iomodels.cli.lookup.ServerNames;
import iomodels.cli.output.Progress;
import iomodels.cli.output.UserError;
import iomodels.conformance.Bounds;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import iomodels.conformance.targets.StyleTarget;
import iomodels.lab.bench.Pinning;
import iomodels.lab.bench.ServerSpec;
import iomodels.lab.report.Caveat;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Judges servers by the conformance rules before they are measured: a server may be fast because it
 * is wrong. Each is judged once in a run. Servers in C are not judged here, but by the build's
 * tests; nor is nginx.
 */
public final class ConformanceGate {

  private final Optional<Program> program;
  private final List<Rule> rules;
  private final boolean wanted;
  private final Pinning pinning;
  private final List<String> jvmFlags;
  private final Map<String, Optional<Report>> reports = new LinkedHashMap<>();

  /**
   * Creates a gate that judges servers with the same processor and flags as in the measurement.
   *
   * @param program the program that is judged in each style; empty for models
   * @param wanted whether to judge at all
   */
  public ConformanceGate(
      Optional<Program> program, boolean wanted, Pinning pinning, List<String> jvmFlags) {
    this.program = program;
    this.rules = program.map(Rules::of).orElseGet(Rules::all);
    this.wanted = wanted;
    this.pinning = pinning;
    this.jvmFlags = jvmFlags;
  }

  /** Number of progress steps that {@link #judge} reports for these servers. */
  public long steps(List<ServerSpec> servers) {
    return servers.stream().filter(this::isToBeJudged).count() * rules.size();
  }

  private boolean isToBeJudged(ServerSpec server) {
    return wanted && !isYardstick(server.name()) && !reports.containsKey(server.name());
  }

  private boolean isYardstick(String name) {
    return BenchServers.isYardstick(name)
        || program.filter(it -> ProgramBenchServers.isCommon(it, name)).isPresent();
  }

  /** Judges the servers that have not been judged yet. */
  public void judge(List<ServerSpec> servers, Progress progress) throws InterruptedException {
    for (ServerSpec server : servers) {
      if (isToBeJudged(server)) {
        progress.say(server.name() + ": judging");
        reports.put(
            server.name(),
            program.isPresent()
                ? judge(program.get(), server.name(), progress)
                : judge(server.name(), progress));
      }
    }
  }

  private Optional<Report> judge(String name, Progress progress) throws InterruptedException {
    ServerProvider model;
    try {
      model = ServerNames.server(name);
    } catch (UserError e) {
      throw new IllegalStateException(
          name, e); // The name was valid when the servers were selected.
    }
    try (ModelTarget target =
        new ModelTarget(model, Optional.empty(), pinning.prefix(), jvmFlags)) {
      return Optional.of(
          new Kit(rules, Bounds.STANDARD, System.nanoTime()).judge(target, _ -> progress.step()));
    } catch (IOException _) {
      return Optional.empty(); // It does not start; its row will contain the reason.
    }
  }

  private Optional<Report> judge(Program of, String style, Progress progress)
      throws InterruptedException {
    if (rules.isEmpty()) {
      return Optional.empty();
    }
    try (StyleTarget target = new StyleTarget(ProgramBenchServers.style(of, style), of)) {
      // All servers of a style share one process, which is pinned when it starts.
      pinning
          .startServer(
              () -> target.launch(ProgramConfig.onLoopback(List.of(ProgramTargets.UNUSED))))
          .close();
      return Optional.of(
          new Kit(rules, Bounds.STANDARD, System.nanoTime()).judge(target, _ -> progress.step()));
    } catch (IOException _) {
      return Optional.empty(); // As above.
    } catch (UserError e) {
      throw new IllegalStateException(style, e); // As above.
    }
  }

  /** Returns the caveats of a server that breaks rules, or was not judged by all of them. */
  public Set<Caveat> caveats(String name) {
    if (isYardstick(name)) {
      return Set.of();
    }
    Optional<Report> report = report(name);
    if (report.filter(it -> it.count(Verdict.BROKEN) > 0).isPresent()) {
      return Set.of(Caveat.NOT_CONFORMING);
    }
    boolean judged = report.filter(it -> it.unanswered() == 0).isPresent();
    return judged ? Set.of() : Set.of(Caveat.NOT_JUDGED);
  }

  /** The ids of the rules that a server broke. */
  public List<String> broken(String name) {
    return report(name).stream()
        .flatMap(it -> it.findings().stream())
        .filter(it -> it.verdict() == Verdict.BROKEN)
        .map(it -> it.rule().id())
        .toList();
  }

  private Optional<Report> report(String name) {
    return reports.getOrDefault(name, Optional.empty());
  }
}
