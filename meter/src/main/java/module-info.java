/** Processes: what they cost, seen from outside, and how they are started and end. */
module iomodels.meter {
  requires java.management;
  requires static org.jspecify;

  exports iomodels.meter;
  exports iomodels.process;
}
