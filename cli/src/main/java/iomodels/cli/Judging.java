package iomodels.cli;

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
 * What the conformance kit says of servers before they are measured: one that is wrong may be fast
 * for that. Each is judged once in a run. The yardsticks in C are not judged here: the build's
 * tests hold them to the rules that they are to keep.
 */
final class Judging {

  private final Optional<Program> program;
  private final List<Rule> rules;
  private final boolean wanted;
  private final Pinning pinning;
  private final List<String> jvmFlags;
  private final Map<String, Optional<Report>> reports = new LinkedHashMap<>();

  /**
   * Judges them as they are measured.
   *
   * @param program what is judged of styles; empty if it is models that are judged
   * @param wanted whether to judge at all
   */
  Judging(Optional<Program> program, boolean wanted, Pinning pinning, List<String> jvmFlags) {
    this.program = program;
    this.rules = program.map(Rules::of).orElseGet(Rules::all);
    this.wanted = wanted;
    this.pinning = pinning;
    this.jvmFlags = jvmFlags;
  }

  /** How many steps {@link #judge} still takes. */
  long steps(List<ServerSpec> candidates) {
    return candidates.stream().filter(this::isToBeJudged).count() * rules.size();
  }

  private boolean isToBeJudged(ServerSpec candidate) {
    return wanted
        && !Lineup.isYardstick(candidate.name())
        && !reports.containsKey(candidate.name());
  }

  void judge(List<ServerSpec> candidates, Progress progress) throws InterruptedException {
    for (ServerSpec candidate : candidates) {
      if (isToBeJudged(candidate)) {
        progress.say(candidate.name() + ": judging");
        reports.put(
            candidate.name(),
            program.isPresent()
                ? judge(program.get(), candidate.name(), progress)
                : judge(candidate.name(), progress));
      }
    }
  }

  private Optional<Report> judge(String name, Progress progress) throws InterruptedException {
    ServerProvider model;
    try {
      model = Lineup.model(name);
    } catch (Failure e) {
      throw new IllegalStateException(name, e); // It was there when the candidates were named.
    }
    try (ModelTarget target =
        new ModelTarget(model, Optional.empty(), pinning.prefix(), jvmFlags)) {
      return Optional.of(
          new Kit(rules, Bounds.STANDARD, System.nanoTime()).judge(target, _ -> progress.step()));
    } catch (IOException _) {
      return Optional.empty(); // It does not come up, as its row will say.
    }
  }

  private Optional<Report> judge(Program of, String style, Progress progress)
      throws InterruptedException {
    if (rules.isEmpty()) {
      return Optional.empty();
    }
    try (StyleTarget target = new StyleTarget(ProgramLineup.style(of, style), of)) {
      // Its process is where its first server was started, and all others are in it.
      pinning
          .startServer(
              () -> target.launch(ProgramConfig.onLoopback(List.of(ProgramTargets.NOBODY))))
          .close();
      return Optional.of(
          new Kit(rules, Bounds.STANDARD, System.nanoTime()).judge(target, _ -> progress.step()));
    } catch (IOException _) {
      return Optional.empty(); // As above.
    } catch (Failure e) {
      throw new IllegalStateException(style, e); // As above.
    }
  }

  /** What there is against a server's figures. */
  Set<Caveat> stamps(String name) {
    if (Lineup.isYardstick(name)) {
      return Set.of();
    }
    Optional<Report> report = report(name);
    if (report.filter(it -> it.count(Verdict.BROKEN) > 0).isPresent()) {
      return Set.of(Caveat.NOT_CONFORMING);
    }
    boolean judged = report.filter(it -> it.unanswered() == 0).isPresent();
    return judged ? Set.of() : Set.of(Caveat.NOT_JUDGED);
  }

  /** The rules that a server broke. */
  List<String> broken(String name) {
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
