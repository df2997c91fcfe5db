package iomodels.service;

/**
 * A protocol: either a {@link Service}, whose replies depend only on the input of one client, or a
 * {@link iomodels.program.Program}, whose replies also depend on other clients, upstreams, files or
 * time.
 */
public interface Protocol {

  /** A short, stable name, such as {@code upper} or {@code relay}. */
  String name();
}
