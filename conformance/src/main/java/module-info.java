/** The conformance kit: rules as values, an engine that judges any server by them. */
module iomodels.conformance {
  requires transitive iomodels.core;
}
