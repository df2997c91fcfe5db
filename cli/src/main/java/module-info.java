/** The command {@code iomodels}. */
module iomodels.cli {
  requires HdrHistogram;
  requires info.picocli;
  requires java.compiler;
  requires java.management;
  requires java.xml;
  requires iomodels.conformance;
  requires iomodels.core;
  requires iomodels.examples;
  requires iomodels.lab;
  requires iomodels.meter;
  requires iomodels.wrong;
  requires me.tongfei.progressbar;
  requires org.jline.reader;
  requires org.jline.terminal;
  requires static org.jspecify;
  requires tools.jackson.databind;

  // picocli creates commands and sets their options by reflection.
  opens iomodels.cli to
      info.picocli;
  opens iomodels.cli.commands to
      info.picocli,
      tools.jackson.databind;
  opens iomodels.cli.options to
      info.picocli;
  opens iomodels.cli.learn to
      tools.jackson.databind;
  // Jackson reads results by reflection.
  opens iomodels.cli.output to
      tools.jackson.databind;

  uses iomodels.server.spi.ServerProvider;
}
