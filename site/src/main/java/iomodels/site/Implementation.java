package iomodels.site;

import iomodels.program.Program;
import iomodels.server.ModelCard;
import java.util.List;
import java.util.Optional;

/**
 * An implementation of a server or program that the site compares with others.
 *
 * @param id stable identifier, used in URLs: {@code nio-selector}, {@code tutorial-select}, {@code
 *     python:with_select}, {@code vertx:relay}
 * @param summary one sentence
 * @param card the model card of a Java model or tutorial
 * @param styledProgram the program and its style, if this is one of the larger programs
 * @param sources its files, with the page itself first; empty if they are not in this project
 */
public record Implementation(
    String id,
    Group group,
    String summary,
    Optional<ModelCard> card,
    Optional<StyledProgram> styledProgram,
    List<Source> sources) {

  /** Where an implementation belongs. */
  public enum Group {
    TUTORIALS,
    MODELS,
    PYTHON,
    PROGRAMS
  }

  /**
   * A program in a style.
   *
   * @param style for instance {@code vertx} or, in Python, {@code python:asyncio}
   * @param threads a short description of its threads; may be empty
   */
  public record StyledProgram(Program program, String style, String threads) {}

  /** The regions of every server, in reading order. */
  static final List<String> REGIONS = List.of("accept", "wait", "converse", "close");

  /** Returns the id in a form that can be part of a file name. */
  public String file() {
    return file(id);
  }

  static String file(String id) {
    return id.replaceAll("[:/]", ".");
  }

  /** Returns the names of its regions: those of every server, or those in a program's source. */
  List<String> steps() {
    if (styledProgram.isEmpty()) {
      return REGIONS;
    }
    return sources.stream().flatMap(it -> it.regions().keySet().stream()).distinct().toList();
  }

  /** Returns the number of lines of code in all its files. */
  public long linesOfCode() {
    return sources.stream().mapToLong(Source::linesOfCode).sum();
  }

  /** Returns the path of its page, or an empty string if the page is not in this project. */
  public String page() {
    return sources.isEmpty() ? "" : sources.getFirst().path();
  }

  /** Returns its files that contain the region. */
  List<Source> with(String region) {
    return sources.stream().filter(it -> it.regions().containsKey(region)).toList();
  }

  /** Returns the reason why it lacks the region, from its source, or an empty string. */
  String without(String region) {
    return sources.stream().flatMap(it -> it.without(region).stream()).findFirst().orElse("");
  }
}
