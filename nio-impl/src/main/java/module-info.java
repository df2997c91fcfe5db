/** I/O multiplexing with java.nio: one thread, one Selector. */
module iomodels.nio {
  requires iomodels.core;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.nio.SelectorProvider;
}
