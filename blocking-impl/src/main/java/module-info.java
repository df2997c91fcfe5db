/** Blocking I/O: one client at a time, a thread or virtual thread per connection, pool, prefork. */
module iomodels.blocking {
  requires iomodels.core;
  requires iomodels.http;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.blocking.PoolProvider,
      iomodels.blocking.PreforkProvider,
      iomodels.blocking.SequentialProvider,
      iomodels.blocking.ThreadPerConnectionProvider,
      iomodels.blocking.VirtualThreadProvider;
  provides iomodels.server.spi.StyleProvider with
      iomodels.blocking.programs.VirtualStyle;
}
