/** The command iomodels. */
module iomodels.cli {
  requires iomodels.core;
}
