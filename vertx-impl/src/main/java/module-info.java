/** Vert.x: event loops, handlers and futures. */
module iomodels.vertx {
  requires iomodels.core;
}
