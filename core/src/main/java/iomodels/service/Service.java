package iomodels.service;

import java.util.Optional;

/**
 * A protocol in which replies depend on the input of one client only. It has a name, so that
 * another process can be told which one to serve. Safe for use by several threads. All services are
 * in {@link Services}.
 */
public interface Service extends Protocol {

  @Override
  String name();

  /** Creates the session of a new connection. */
  Session open();

  /** The form for datagrams, if there is one. */
  Optional<Responder> datagrams();
}
