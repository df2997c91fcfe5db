package iomodels.site;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.lab.report.Measurements;
import iomodels.program.Program;
import iomodels.program.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The recorded data of the servers, as the commands wrote them: traces of system calls, findings of
 * the kit, and costs. Any of them may be missing or unreadable: then {@link #problems} reports it,
 * and the site is generated without them.
 */
final class Recorded {

  /** The version of the trace format that the timeline draws. */
  private static final int TRACE_FORMAT = 1;

  /** Indexes of columns in that format. */
  private static final int CALL = 3;

  private static final int KIND = 6;
  private static final int TIMES = 8;

  private static final JsonMapper JSON = new JsonMapper();

  private final Map<String, Trace> traces = new LinkedHashMap<>();
  private final Map<String, JsonNode> costs = new LinkedHashMap<>();
  private final Map<String, JsonNode> programs = new LinkedHashMap<>();
  private final Map<String, JsonNode> reports = new LinkedHashMap<>();
  private final Map<String, JsonNode> wrong = new LinkedHashMap<>();
  private final OutsideServers outside = new OutsideServers();
  private final List<String> problems = new ArrayList<>();
  private Optional<JsonNode> comparison = Optional.empty();
  private Optional<Lab> lab = Optional.empty();

  /**
   * A recorded trace.
   *
   * @param json the content of the file; empty if it cannot be drawn
   * @param problem the reason why it cannot be drawn or is incomplete; empty if there is none
   */
  record Trace(String name, Optional<JsonNode> json, String problem) {

    /**
     * Returns the number of calls with a name.
     *
     * @throws IllegalArgumentException if an entry folds them with calls of other names, so that
     *     they cannot be counted
     */
    long calls(String call) {
      long calls = 0;
      for (JsonNode each : entries()) {
        List<String> names = List.of(each.path(CALL).asString("").split(", "));
        if (names.contains(call) && names.size() > 1) {
          throw new IllegalArgumentException(
              "the trace of %s folds %s with other calls".formatted(name, call));
        }
        calls += names.contains(call) ? each.path(TIMES).asLong(1) : 0;
      }
      return calls;
    }

    /** Returns the total number of calls. */
    long calls() {
      return entries().stream().mapToLong(it -> it.path(TIMES).asLong(1)).sum();
    }

    /** Returns the number of calls of a kind: wait, copy, ask, park or other. */
    long ofKind(String kind) {
      return entries().stream()
          .filter(it -> it.path(KIND).asString("").equals(kind))
          .mapToLong(it -> it.path(TIMES).asLong(1))
          .sum();
    }

    private List<JsonNode> entries() {
      List<JsonNode> entries = new ArrayList<>();
      json.ifPresent(
          it -> it.path("threads").forEach(thread -> thread.path("calls").forEach(entries::add)));
      return entries;
    }
  }

  /**
   * The kit's result for a program in one style.
   *
   * @param brokenRules the ids of the broken rules
   * @param failure the reason why the kit could not judge it; empty if it could
   */
  public record Judged(long kept, long broken, List<String> brokenRules, String failure) {}

  private Recorded() {}

  static Recorded read(Path folder) throws IOException {
    Recorded recorded = new Recorded();
    recorded.readTraces(folder.resolve("traces"));
    recorded.readJson(folder.resolve("compare.json")).ifPresent(recorded::readComparison);
    recorded.readJson(folder.resolve("lab.json")).ifPresent(recorded::readLab);
    recorded.readJson(folder.resolve("conform.json")).ifPresent(it -> by(it, recorded.reports));
    recorded.readJson(folder.resolve("wrong.json")).ifPresent(it -> by(it, recorded.wrong));
    recorded.readVerdicts(folder.resolve("verdicts"));
    for (Program program : List.of(Programs.RELAY, Programs.HTTP)) {
      recorded.outside.read(folder.resolve(program.name()), program.name(), recorded.problems);
    }
    return recorded;
  }

  /** Returns a sentence for each missing or unreadable recording. */
  List<String> problems() {
    return List.copyOf(problems);
  }

  /** Returns the trace with a name in the form of {@link Implementation#file}. */
  Optional<Trace> trace(String name) {
    return Optional.ofNullable(traces.get(name));
  }

  List<Trace> traces() {
    return List.copyOf(traces.values());
  }

  /** Returns the lab's measurements, if they are recorded and readable. */
  Optional<Lab> lab() {
    return lab;
  }

  /** Returns a model's row of the comparison. */
  private Optional<JsonNode> cost(String model) {
    return Optional.ofNullable(costs.get(model));
  }

  /** Returns the third-party servers with a program. */
  List<OutsideServers.Outside> outside(Program program) {
    return outside.of(program.name());
  }

  /** Returns the result for a program in one style, if it is recorded. */
  Optional<Judged> judged(Implementation.StyledProgram styledProgram) {
    JsonNode row = programs.get(key(styledProgram.style(), styledProgram.program().name()));
    if (row == null) {
      return outside(styledProgram.program()).stream()
          .filter(it -> styledProgram.style().equals(ProgramGrid.PYTHON + it.name()))
          .findFirst()
          .map(it -> judged(it.with("KEPT").size(), it.with("BROKEN")));
    }
    String failure = row.path("failure").asString("");
    if (!row.path("kept").isNumber() && failure.isEmpty()) {
      return Optional.empty();
    }
    List<String> broken = row.path("brokenRules").valueStream().map(it -> it.asString("")).toList();
    return Optional.of(
        new Judged(row.path("kept").asLong(0), row.path("broken").asLong(0), broken, failure));
  }

  private static Judged judged(long kept, List<String> broken) {
    return new Judged(kept, broken.size(), broken, "");
  }

  /** Returns the comparison, which has the costs and describes the machine. */
  Optional<JsonNode> comparison() {
    return comparison;
  }

  /**
   * Formats a figure of a model: the median of the rounds with the smallest and the largest value,
   * or a dash if it is missing.
   *
   * @param figure {@code msgs} or {@code cpu}: a multiple; {@code p50} or {@code p99}: µs
   * @throws IllegalArgumentException if the figure is unknown
   */
  String shown(String model, String figure) {
    JsonNode load = cost(model).map(it -> it.path("load")).orElse(JSON.createObjectNode());
    JsonNode spread =
        switch (figure) {
          case "msgs" -> load.path("toCommon").path("throughput");
          case "cpu" -> load.path("toCommon").path("cpu");
          case "p50" -> load.path("latency").path("p50");
          case "p99" -> load.path("latency").path("p99");
          default -> throw new IllegalArgumentException("unknown figure '%s'".formatted(figure));
        };
    for (String each : List.of("median", "min", "max")) {
      if (!spread.path(each).isNumber()) {
        return "–";
      }
    }
    String number = figure.startsWith("p") ? "%.0f" : "%.2f";
    return String.format(
        Locale.ROOT,
        number + " (" + number + "–" + number + ")",
        spread.path("median").asDouble(),
        spread.path("min").asDouble(),
        spread.path("max").asDouble());
  }

  /** Returns the kit's report on a model. */
  private Optional<JsonNode> report(String model) {
    return Optional.ofNullable(reports.get(model));
  }

  /** Returns how many findings of a model have a verdict, or a dash if none is recorded. */
  String count(String model, String verdict) {
    return report(model)
        .map(
            it ->
                it.path("findings")
                    .valueStream()
                    .filter(each -> each.path("verdict").asString("").equals(verdict))
                    .count())
        .map(String::valueOf)
        .orElse("–");
  }

  /**
   * Returns the result for a server or a client; empty if it is not recorded.
   *
   * @param name of a model, or {@link Implementation#file} of another server
   */
  Optional<Judged> judged(String name) {
    return report(name)
        .map(
            report -> {
              List<JsonNode> findings = report.path("findings").valueStream().toList();
              return judged(with(findings, "KEPT").size(), with(findings, "BROKEN"));
            });
  }

  private static List<String> with(List<JsonNode> findings, String verdict) {
    return findings.stream()
        .filter(it -> it.path("verdict").asString("").equals(verdict))
        .map(it -> it.path("rule").asString(""))
        .toList();
  }

  /** Returns {@code KEPT}, {@code BROKEN}, {@code SKIPPED} …, or an empty string if unknown. */
  String verdict(String model, String rule) {
    return finding(model, rule).map(it -> it.path("verdict").asString("")).orElse("");
  }

  /** Returns the finding, or the reason for the skip. */
  String detail(String model, String rule) {
    return finding(model, rule).map(it -> it.path("detail").asString("")).orElse("");
  }

  private Optional<JsonNode> finding(String model, String rule) {
    for (JsonNode finding :
        report(model).map(it -> it.path("findings")).orElse(JSON.createArrayNode())) {
      if (finding.path("rule").asString("").equals(rule)) {
        return Optional.of(finding);
      }
    }
    return Optional.empty();
  }

  /** Returns the first broken finding about a wrong server. */
  Optional<JsonNode> brokenBy(String wrongServer) {
    @Nullable JsonNode report = wrong.get(wrongServer);
    if (report == null) {
      return Optional.empty();
    }
    for (JsonNode finding : report.path("findings")) {
      if (finding.path("verdict").asString("").equals("BROKEN")) {
        return Optional.of(finding);
      }
    }
    return Optional.empty();
  }

  private void readTraces(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      problems.add("no traces are recorded");
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(it -> it.toString().endsWith(".json")).sorted().toList()) {
        String name = String.valueOf(file.getFileName()).replaceFirst("\\.json$", "");
        // A truncated file may end in the middle of a character, which readString rejects.
        traces.put(name, trace(name, new String(Files.readAllBytes(file), UTF_8)));
        String problem = traces.get(name).problem();
        if (!problem.isEmpty()) {
          problems.add("the trace of %s: %s".formatted(name, problem));
        }
      }
    }
  }

  /** Parses a trace, which may be truncated. */
  static Trace trace(String name, String text) {
    try {
      JsonNode json = JSON.readTree(text);
      if (json.path("format").asInt() != TRACE_FORMAT) {
        return new Trace(name, Optional.empty(), "its format is not " + TRACE_FORMAT);
      }
      if (!json.path("threads").isArray() || !json.path("clients").isArray()) {
        return new Trace(name, Optional.empty(), "it has no threads or no clients");
      }
      boolean complete = json.path("complete").asBoolean(false);
      return new Trace(
          name, Optional.of(json), complete ? "" : "cut off: " + json.path("note").asString(""));
    } catch (JacksonException e) {
      return new Trace(name, Optional.empty(), "cut off: " + e.getOriginalMessage());
    }
  }

  /** Reads the kit's reports on tutorials and Python twins, each in a file with its name. */
  private void readVerdicts(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      problems.add("no verdicts on tutorials and Python twins are recorded");
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(it -> it.toString().endsWith(".json")).sorted().toList()) {
        String name = String.valueOf(file.getFileName()).replaceFirst("\\.json$", "");
        readJson(file).ifPresent(it -> reports.put(name, it.isArray() ? it.path(0) : it));
      }
    }
  }

  private Optional<JsonNode> readJson(Path file) {
    try {
      return Optional.of(JSON.readTree(Files.readString(file)));
    } catch (NoSuchFileException _) {
      problems.add("%s is missing; site/README.md says how to record it".formatted(file));
    } catch (IOException | JacksonException e) {
      problems.add("%s cannot be read: %s".formatted(file.getFileName(), e.getMessage()));
    }
    return Optional.empty();
  }

  private void readLab(JsonNode json) {
    try {
      lab = Optional.of(new Lab(JSON.treeToValue(json, Measurements.class)));
    } catch (JacksonException e) {
      problems.add("lab.json is not a report of the lab: " + e.getOriginalMessage());
    }
  }

  private static String key(String style, String program) {
    return style + ":" + program;
  }

  private void readComparison(JsonNode json) {
    json.path("programs")
        .forEach(
            row ->
                programs.put(
                    key(row.path("style").asString(""), row.path("program").asString("")), row));
    if (json.path("models").isEmpty()) {
      problems.add("compare.json has no models");
      return;
    }
    comparison = Optional.of(json);
    json.path("models").forEach(row -> costs.put(row.path("card").path("name").asString(""), row));
  }

  /** Files one report or a list of reports under the first word of the target. */
  private static void by(JsonNode json, Map<String, JsonNode> reports) {
    for (JsonNode report : json.isArray() ? json : List.of(json)) {
      String target = report.path("target").asString("");
      reports.putIfAbsent(target.replaceFirst(" .*", ""), report);
    }
  }
}
