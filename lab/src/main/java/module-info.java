/** What a server costs: a load generator and a cost meter. */
module iomodels.lab {
  requires iomodels.core;
  requires static org.jspecify;
  requires HdrHistogram;

  exports iomodels.lab;
}
