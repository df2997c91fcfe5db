/** Protocols, the interfaces of servers, and the contracts of programs. */
module iomodels.core {
  requires static org.jspecify;

  exports iomodels.program;
  exports iomodels.service;
  exports iomodels.server;
  exports iomodels.server.spi;
  exports iomodels.time;

  uses iomodels.server.spi.ServerProvider;
  uses iomodels.server.spi.StyleProvider;
}
