/** What a server costs: a load generator, and servers in C to measure against. */
module iomodels.lab {
  requires transitive iomodels.core;
  requires iomodels.meter;
  requires static org.jspecify;
  requires HdrHistogram;

  exports iomodels.lab;
  exports iomodels.lab.trace;
}
