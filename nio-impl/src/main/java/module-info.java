/** Java NIO without a framework: polling, selectors, and the completion handlers of NIO.2. */
module iomodels.nio {
  requires iomodels.core;
  requires iomodels.http;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.nio.AsyncProvider,
      iomodels.nio.MultiReactorProvider,
      iomodels.nio.PollingProvider,
      iomodels.nio.SelectorProvider;
  provides iomodels.server.spi.StyleProvider with
      iomodels.nio.programs.SelectorStyle;
}
