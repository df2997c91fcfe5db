/** What a server costs: a load generator, a cost meter, and servers in C to measure against. */
module iomodels.lab {
  requires transitive iomodels.core;
  requires static org.jspecify;
  requires HdrHistogram;

  exports iomodels.lab;
}
