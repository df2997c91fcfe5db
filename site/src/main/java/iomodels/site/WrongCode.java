package iomodels.site;

import java.nio.file.Path;
import java.util.List;

/**
 * The code of a wrong server and its differences to the correct server.
 *
 * @param name the name of the wrong server
 * @param rule the id of the rule that it breaks
 * @param fault a sentence that describes the fault
 * @param file the file that contains its code, relative to the project's root
 * @param line the first line of its code
 * @param source its code
 * @param differences the differences to the correct server, method by method; empty if the code is
 *     the same and only the declaration is wrong, which then is the source
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
   * A method that the wrong server overrides, or a member that it adds.
   *
   * @param member the name of the member
   * @param added whether the correct server has no such member
   * @param file the file of the correct member, or of the wrong server if the member is added
   * @param line the first line of the member in that file
   * @param unified all lines with a prefix: blank, minus or plus. Calls to the superclass are
   *     {@linkplain InlinedOverride inlined}, so that unchanged code shows as unchanged
   */
  public record Difference(
      String member, boolean added, Path file, int line, List<String> unified) {

    public Difference {
      unified = List.copyOf(unified);
    }
  }
}
