package iomodels.site;

import iomodels.lab.bench.IdleMemory;
import iomodels.lab.report.Caveat;
import iomodels.lab.report.ClaimResult;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ScenarioResult;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.ServerResult.IdlePoint;
import iomodels.lab.report.Spread;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The recorded measurements of the lab, formatted for the pages. */
record Lab(Measurements measurements) {

  /** Shown in place of a missing figure. */
  static final String NOTHING = "–";

  /**
   * Formats a figure of a server with its spread over the rounds, or a dash if it is missing.
   *
   * @param scenario such as {@code ping-50}
   * @param figure {@code cpu}, {@code msgs} or {@code p99}: a multiple of C epoll's figure; {@code
   *     twin}: processor time as a multiple of the same model in C; {@code micros}: processor time
   *     per message in µs; {@code idle}: bytes per idle connection
   * @throws IllegalArgumentException if the figure is unknown
   */
  String shown(String server, String scenario, String figure) {
    Optional<LoadFigures> load = result(server, scenario).flatMap(ServerResult::load);
    Optional<Ratio> ratio = load.flatMap(LoadFigures::toCommon);
    return switch (figure) {
      case "cpu" -> spread(ratio.flatMap(Ratio::cpu));
      case "msgs" -> spread(ratio.map(Ratio::throughput));
      case "p99" -> spread(ratio.map(Ratio::p99));
      case "twin" -> spread(load.flatMap(LoadFigures::toTwin).flatMap(Ratio::cpu));
      case "micros" -> spread(load.flatMap(LoadFigures::cpuMicrosPerMessage));
      case "idle" -> idle(result(server, scenario).flatMap(ServerResult::idle));
      default -> throw new IllegalArgumentException("unknown figure '%s'".formatted(figure));
    };
  }

  /** Returns whether a server's processor time was measured without caveats. */
  boolean isClean(String server, String scenario) {
    return result(server, scenario)
        .filter(it -> it.caveats().stream().noneMatch(Caveat::concernsProcessorTime))
        .isPresent();
  }

  Optional<ClaimResult> claim(String id) {
    return measurements.claims().stream().filter(it -> it.id().equals(id)).findFirst();
  }

  /** Returns the scenarios with a load. */
  List<ScenarioResult> loads() {
    return measurements.scenarios().stream()
        .filter(it -> it.servers().stream().anyMatch(each -> each.load().isPresent()))
        .toList();
  }

  private Optional<ServerResult> result(String server, String scenario) {
    return measurements.scenarios().stream()
        .filter(it -> it.name().equals(scenario))
        .flatMap(it -> it.servers().stream())
        .filter(it -> it.name().equals(server))
        .findFirst();
  }

  private static String spread(Optional<Spread> spread) {
    return spread
        .map(it -> String.format(Locale.ROOT, "%.2f (%.2f–%.2f)", it.median(), it.min(), it.max()))
        .orElse(NOTHING);
  }

  /** Returns the growth per connection, which excludes the server's fixed memory. */
  private static String idle(Optional<List<IdlePoint>> points) {
    List<IdlePoint> measured = points.orElse(List.of());
    if (measured.size() < 2) {
      return NOTHING;
    }
    return measured.get(1).connections() == measured.getLast().connections()
        ? NOTHING
        : String.format(Locale.ROOT, "%,.0f", IdleMemory.bytesForEach(measured));
  }
}
