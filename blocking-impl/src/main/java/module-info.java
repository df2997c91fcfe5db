/** Blocking I/O: one client at a time, and a thread per connection. */
module iomodels.blocking {
  requires iomodels.core;
}
