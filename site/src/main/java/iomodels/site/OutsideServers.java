package iomodels.site;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Comparator.comparingInt;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The kit's reports on servers that are not of this project: {@code PROGRAM/DATE/NAME-VERSION.json}
 * in the folder of the recordings, each written by {@code conform --json}.
 */
final class OutsideServers {

  private static final JsonMapper JSON = new JsonMapper();

  /** The end of a conversation has the failure. */
  private static final int TRANSCRIPT_LINES = 12;

  /**
   * A verdict, and what the kit saw.
   *
   * @param transcript the last lines of the conversation; empty if the rule was kept
   */
  public record Found(String verdict, String detail, List<String> transcript) {}

  /**
   * A server.
   *
   * @param date when it was judged
   * @param waived the routes that it does not have
   * @param findings by the ids of the rules
   */
  public record Outside(
      String name, String version, String date, List<String> waived, Map<String, Found> findings) {

    /** Returns the ids of the rules with this verdict. */
    public List<String> with(String verdict) {
      return findings.entrySet().stream()
          .filter(it -> it.getValue().verdict().equals(verdict))
          .map(Map.Entry::getKey)
          .toList();
    }
  }

  private final Map<String, List<Outside>> byProgram = new LinkedHashMap<>();

  /** Reads the reports on a program; adds a sentence to the problems for each unreadable one. */
  void read(Path folder, String program, List<String> problems) throws IOException {
    List<Outside> servers = new ArrayList<>();
    for (Path date : sorted(folder)) {
      for (Path file : sorted(date)) {
        try {
          servers.add(server(String.valueOf(date.getFileName()), file));
        } catch (JacksonException e) {
          problems.add("%s cannot be read: %s".formatted(file.getFileName(), e.getMessage()));
        }
      }
    }
    servers.sort(
        comparingInt((Outside it) -> it.with("BROKEN").size()).thenComparing(Outside::name));
    byProgram.put(program, servers);
  }

  private static List<Path> sorted(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static Outside server(String date, Path file) throws IOException {
    // A truncated file may end in the middle of a character, which readString rejects.
    JsonNode report = JSON.readTree(new String(Files.readAllBytes(file), UTF_8));
    Map<String, Found> findings = new LinkedHashMap<>();
    for (JsonNode each : report.path("findings")) {
      findings.put(
          each.path("rule").asString(""),
          new Found(
              each.path("verdict").asString(""),
              each.path("detail").asString(""),
              transcript(each)));
    }
    String name = String.valueOf(file.getFileName()).replaceFirst("\\.json$", "");
    int version = name.lastIndexOf('-');
    List<String> waived = report.path("waived").valueStream().map(it -> it.asString("")).toList();
    return new Outside(
        name.substring(0, Math.max(0, version)),
        name.substring(version + 1),
        date,
        waived,
        findings);
  }

  private static List<String> transcript(JsonNode finding) {
    List<String> all = finding.path("transcript").valueStream().map(it -> it.asString("")).toList();
    return all.subList(Math.max(0, all.size() - TRANSCRIPT_LINES), all.size());
  }

  /** Returns the servers of a program; those that break fewest rules come first. */
  List<Outside> of(String program) {
    return List.copyOf(byProgram.getOrDefault(program, List.of()));
  }
}
