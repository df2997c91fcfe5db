package iomodels.program;

import iomodels.service.Protocol;

/**
 * A program, identified by its name. All programs are in {@link Programs}.
 *
 * @param name a short, stable name, such as {@code relay}
 * @param sentence what the program does: a predicate without a full stop
 */
public record Program(String name, String sentence) implements Protocol {

  @Override
  public String toString() {
    return name;
  }
}
