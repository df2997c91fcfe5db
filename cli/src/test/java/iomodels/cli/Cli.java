package iomodels.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A command that was run in this JVM, and what it said. */
record Cli(int exitCode, String out, String err) {

  static Cli run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Cli(exitCode, out.toString(), err.toString());
  }
}
