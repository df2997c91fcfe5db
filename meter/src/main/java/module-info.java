/** Starts child processes and ends them; measures their resource usage. */
module iomodels.meter {
  requires java.management;
  requires static org.jspecify;

  exports iomodels.meter;
  exports iomodels.process;
}
