/** I/O multiplexing with java.nio: one thread, one Selector. */
module iomodels.nio {
  requires iomodels.core;
}
