package iomodels.service;

/**
 * What a server speaks, by name: a {@link Service}, whose replies follow from what one client says,
 * or a {@link iomodels.program.Program}, which has others to deal with as well.
 */
public interface Protocol {

  /** A short, stable name, such as {@code upper} or {@code relay}. */
  String name();
}
