package iomodels.service;

/**
 * A protocol: a {@link Service}, whose replies depend on the input of one client only, or a {@link
 * iomodels.program.Program}, which also depends on other clients, upstreams, files or time.
 */
public interface Protocol {

  /** A short, stable name, such as {@code upper} or {@code relay}. */
  String name();
}
