package iomodels.site;

import java.nio.file.Path;
import java.util.List;

/**
 * How the code of a wrong server differs from the correct server's.
 *
 * @param name the wrong server's
 * @param rule the id of the rule that it breaks
 * @param fault what is wrong with it, in a sentence
 * @param file where its code stands, from the project's root
 * @param line the first line of its code there
 * @param source its code as it stands there
 * @param differences from the correct server, method by method; empty if it runs the very same code
 *     and what is wrong is said of it in its {@code WrongServer} alone, which then is its source
 */
public record WrongCode(
    String name,
    String rule,
    String fault,
    Path file,
    int line,
    String source,
    List<Difference> differences) {

  public WrongCode {
    differences = List.copyOf(differences);
  }

  /**
   * A method that the wrong server does differently, or a member that it has besides.
   *
   * @param member its name
   * @param added whether the correct server has no such member
   * @param file where it stands in the correct server, or in the wrong one if it is added
   * @param line the first line of it there
   * @param unified all its lines from the correct to the wrong, each after a blank, a minus or a
   *     plus. What the wrong server has its superclass do is written out, so that what is the same
   *     shows as the same
   */
  public record Difference(
      String member, boolean added, Path file, int line, List<String> unified) {

    public Difference {
      unified = List.copyOf(unified);
    }
  }
}
