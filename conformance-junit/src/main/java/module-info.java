/** The conformance kit as JUnit tests, and checks of Netty's event loops. */
module iomodels.conformance.junit {
  requires transitive iomodels.conformance;
  requires transitive org.junit.jupiter.api;
  requires static org.jspecify;
  // Only for EventLoopChecks, in modules whose models use Netty.
  requires static java.logging;
  requires static io.netty.buffer;
  requires static io.netty.common;
  requires static reactor.blockhound;

  exports iomodels.conformance.junit;

  uses iomodels.server.spi.ServerProvider;
  uses iomodels.server.spi.StyleProvider;
}
