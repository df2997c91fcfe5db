/** The conformance kit: rules as values, and an engine that judges any server by them. */
module iomodels.conformance {
  requires transitive iomodels.core;
  requires transitive iomodels.meter;
  requires static org.jspecify;
  // Only for those who run the rules as tests, and have it: the command line does without.
  requires static org.junit.jupiter.api;
  // Likewise, for models with Netty below them.
  requires static java.logging;
  requires static io.netty.buffer;
  requires static io.netty.common;
  requires static reactor.blockhound;

  exports iomodels.conformance;
  exports iomodels.conformance.targets;

  uses iomodels.server.spi.ServerProvider;
  uses iomodels.server.spi.StyleProvider;
  uses iomodels.server.spi.HiddenServers;
}
