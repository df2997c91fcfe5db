package iomodels.program;

import iomodels.service.Protocol;

/**
 * A program by name. The ones there are: {@link Programs}.
 *
 * @param name short and stable, such as {@code relay}
 * @param sentence what it does
 */
public record Program(String name, String sentence) implements Protocol {

  @Override
  public String toString() {
    return name;
  }
}
