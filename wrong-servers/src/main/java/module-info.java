/**
 * Servers and programs that are wrong on purpose, each in one way: they prove the kit. And the
 * textbook's own first versions.
 */
module iomodels.wrong {
  requires transitive iomodels.core;
  requires static org.jspecify;

  exports iomodels.wrong;
  exports iomodels.wrong.program;
  exports iomodels.wrong.tutorial;

  provides iomodels.server.spi.HiddenServers with
      iomodels.wrong.Hidden;
}
