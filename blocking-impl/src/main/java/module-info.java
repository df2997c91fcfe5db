/** Blocking I/O: one client at a time, and a thread per connection. */
module iomodels.blocking {
  requires iomodels.core;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.blocking.SequentialProvider,
      iomodels.blocking.ThreadPerConnectionProvider;
}
