package iomodels.site;

import iomodels.server.ModelCard;
import java.util.List;
import java.util.Optional;

/**
 * A server that can be laid beside others.
 *
 * @param id stable, in addresses: {@code nio-selector}, {@code tutorial-select}, {@code
 *     python:with_select}
 * @param summary one sentence
 * @param card of a Java model or tutorial
 * @param sources its files, the page itself first; none if they are not in this project
 */
public record Exhibit(
    String id, Group group, String summary, Optional<ModelCard> card, List<Source> sources) {

  /** The three shelves on which they stand. */
  public enum Group {
    TUTORIALS,
    MODELS,
    PYTHON
  }

  /** The steps that all of them have, in the order in which they are read. */
  static final List<String> REGIONS = List.of("accept", "wait", "converse", "close");

  /** The id as a part of a file's name. */
  public String file() {
    return file(id);
  }

  static String file(String id) {
    return id.replaceAll("[:/]", ".");
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
