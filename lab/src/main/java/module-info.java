/** What a server costs: a load generator, and servers in C to measure against. */
module iomodels.lab {
  requires transitive iomodels.core;
  requires transitive iomodels.meter;
  requires java.management;
  requires static org.jspecify;
  requires transitive HdrHistogram;
  requires tools.jackson.databind;

  exports iomodels.lab;
  exports iomodels.lab.bench;
  exports iomodels.lab.claims;
  exports iomodels.lab.report;
  exports iomodels.lab.trace;
}
