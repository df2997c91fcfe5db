/** What a process costs, seen from outside. */
module iomodels.meter {
  requires static org.jspecify;

  exports iomodels.meter;
}
