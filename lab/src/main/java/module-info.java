/** What a server costs: a load generator and a cost meter. */
module iomodels.lab {
  requires iomodels.core;
}
