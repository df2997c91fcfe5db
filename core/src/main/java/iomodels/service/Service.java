package iomodels.service;

import java.util.Optional;

/**
 * A protocol by name: a name can be handed to another process, an object cannot. Safe for use by
 * several threads. The ones there are: {@link Services}.
 */
public interface Service extends Protocol {

  @Override
  String name();

  /** A new session, for one connection. */
  Session open();

  /** The datagram form, where there is one. */
  Optional<Responder> datagrams();
}
