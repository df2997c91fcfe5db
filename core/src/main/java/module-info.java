/** What to say, and what it means to be a server: everything here is free of I/O. */
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
