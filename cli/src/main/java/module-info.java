/** The command iomodels. */
module iomodels.cli {
  requires iomodels.core;
  requires static org.jspecify;
  requires info.picocli;
  requires org.jline.reader;
  requires org.jline.terminal;

  opens iomodels.cli to
      info.picocli;
}
