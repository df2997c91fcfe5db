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

/** The lab's recorded figures, as the pages show them. */
record Lab(Measurements measurements) {

  /** What is shown of what was not measured. */
  static final String NOTHING = "–";

  /**
   * A figure of a server, with its spread over the rounds; a dash if it was not measured.
   *
   * @param scenario such as {@code ping-50}
   * @param figure {@code cpu}, {@code msgs} and {@code p99} as multiples of C epoll's, {@code
   *     twin}: the processor time as a multiple of the same model's in C; {@code micros}: processor
   *     time per message in µs; {@code idle}: bytes for each idle connection
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
      default -> throw new IllegalArgumentException("there is no figure " + figure);
    };
  }

  /** Returns whether the processor time of this server has no caveat. */
  boolean isClean(String server, String scenario) {
    return result(server, scenario)
        .filter(it -> it.caveats().stream().noneMatch(Caveat::concernsProcessorTime))
        .isPresent();
  }

  Optional<ClaimResult> claim(String id) {
    return measurements.claims().stream().filter(it -> it.id().equals(id)).findFirst();
  }

  /** The scenarios that put a load on servers. */
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

  /** What the last connections added: what a server needs for itself drops out. */
  private static String idle(Optional<List<IdlePoint>> points) {
    List<IdlePoint> crowds = points.orElse(List.of());
    if (crowds.size() < 2) {
      return NOTHING;
    }
    return crowds.get(1).connections() == crowds.getLast().connections()
        ? NOTHING
        : String.format(Locale.ROOT, "%,.0f", IdleMemory.bytesForEach(crowds));
  }
}
