/**
 * Servers and programs that are wrong on purpose, each in one way, to prove that the kit detects
 * every fault; the first servers of the textbooks; and the ladder, whose stages begin with a wrong
 * server.
 */
module iomodels.wrong {
  requires transitive iomodels.core;
  requires iomodels.http;
  requires static org.jspecify;

  exports iomodels.wrong;
  exports iomodels.wrong.ladder;
  exports iomodels.wrong.program;
  exports iomodels.wrong.tutorial;

  provides iomodels.server.spi.HiddenServers with
      iomodels.wrong.Hidden;
}
