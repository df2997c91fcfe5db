/** How much a server can do: a load generator. */
module iomodels.lab {
  requires iomodels.core;
  requires static org.jspecify;
  requires HdrHistogram;

  exports iomodels.lab;
}
