/** Reactor Netty: a connection is a pair of streams. */
module iomodels.reactor {
  requires iomodels.core;
}
