/**
 * Servers and programs that are wrong on purpose, each in one way, to prove that the kit detects
 * every fault; and the first servers of the textbooks.
 */
module iomodels.wrong {
  requires transitive iomodels.core;
  requires iomodels.http;
  requires static org.jspecify;

  exports iomodels.wrong;
  exports iomodels.wrong.program;
  exports iomodels.wrong.tutorial;

  provides iomodels.server.spi.HiddenServers with
      iomodels.wrong.Hidden;
}
