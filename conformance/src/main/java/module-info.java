/** The conformance kit: rules as values, and an engine that tests any server by them. */
module iomodels.conformance {
  requires transitive iomodels.core;
  requires transitive iomodels.meter;
  requires static org.jspecify;

  exports iomodels.conformance;
  exports iomodels.conformance.rules;
  exports iomodels.conformance.targets;

  uses iomodels.server.spi.ServerProvider;
  uses iomodels.server.spi.StyleProvider;
  uses iomodels.server.spi.HiddenServers;
}
