package iomodels.service;

import java.util.Optional;

/**
 * A protocol in which a client's replies depend only on its own input. Its name identifies it on
 * the command line and between processes. Safe for use by several threads. All services are
 * constants of {@link Services}.
 */
public interface Service extends Protocol {

  @Override
  String name();

  /** Creates the session of a new connection. The caller owns it. */
  Session open();

  /** The service's replies to datagrams; empty if the service is for TCP only. */
  Optional<Responder> datagrams();
}
