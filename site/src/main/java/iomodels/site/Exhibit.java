package iomodels.site;

import iomodels.program.Program;
import iomodels.server.ModelCard;
import java.util.List;
import java.util.Optional;

/**
 * A server that can be laid beside others.
 *
 * @param id stable, in addresses: {@code nio-selector}, {@code tutorial-select}, {@code
 *     python:with_select}, {@code vertx:relay}
 * @param summary one sentence
 * @param card of a Java model or tutorial
 * @param written the program that it is, and in which style, if it is one
 * @param sources its files, the page itself first; none if they are not in this project
 */
public record Exhibit(
    String id,
    Group group,
    String summary,
    Optional<ModelCard> card,
    Optional<Written> written,
    List<Source> sources) {

  /** The shelves on which they stand. */
  public enum Group {
    TUTORIALS,
    MODELS,
    PYTHON,
    PROGRAMS
  }

  /**
   * A program in a style.
   *
   * @param style {@code vertx}; of Python, {@code python:asyncio}
   * @param threads what threads it has, in a few words; empty if nobody says
   */
  public record Written(Program program, String style, String threads) {}

  /** The steps that all servers have, in the order in which they are read. */
  static final List<String> REGIONS = List.of("accept", "wait", "converse", "close");

  /** The id as a part of a file's name. */
  public String file() {
    return file(id);
  }

  static String file(String id) {
    return id.replaceAll("[:/]", ".");
  }

  /** Its steps: those of all servers, or, of a program, those that its source has. */
  List<String> steps() {
    if (written.isEmpty()) {
      return REGIONS;
    }
    return sources.stream().flatMap(it -> it.regions().keySet().stream()).distinct().toList();
  }

  /** How many lines of code it has, all its files together. */
  public long linesOfCode() {
    return sources.stream().mapToLong(Source::linesOfCode).sum();
  }

  /** The path of the page itself; empty if it is not in this project. */
  public String page() {
    return sources.isEmpty() ? "" : sources.getFirst().path();
  }

  /** Those of its files that have such a region. */
  List<Source> with(String region) {
    return sources.stream().filter(it -> it.regions().containsKey(region)).toList();
  }

  /** Why there is no such region, in the words of the source; empty if it does not say. */
  String without(String region) {
    return sources.stream().flatMap(it -> it.without(region).stream()).findFirst().orElse("");
  }
}
