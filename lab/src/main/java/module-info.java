/**
 * Measures what servers cost: load generators, benchmarks against servers in C, experiments, traces
 * of system calls, and reports.
 */
module iomodels.lab {
  requires transitive iomodels.core;
  requires transitive iomodels.meter;
  requires java.management;
  requires static org.jspecify;
  requires transitive HdrHistogram;
  requires tools.jackson.databind;

  exports iomodels.lab.bench;
  exports iomodels.lab.claims;
  exports iomodels.lab.load;
  exports iomodels.lab.report;
  exports iomodels.lab.trace;
}
