package iomodels.cli.options;

import iomodels.cli.output.Json;
import iomodels.cli.output.UserError;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --json}: a command writes its results as JSON. */
public final class JsonOption {

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description =
          "Write the results to a file as well, as JSON; - for standard output, and only there.")
  private Optional<Path> file = Optional.empty();

  /** The file; empty if the option is not given. */
  public Optional<Path> file() {
    return file;
  }

  /** Whether JSON goes to standard output, which must then contain nothing else. */
  public boolean isStandardOutput() {
    return file.isPresent() && Json.isStandardOutput(file.get());
  }

  /** Fails if the file cannot be written: before minutes are spent on its content. */
  public void demandWritable() throws UserError {
    if (file.isPresent()) {
      Json.demandWritable(file.get());
    }
  }

  /** Writes the results, if the option is given. */
  public void write(Object results, PrintWriter out) throws UserError {
    if (file.isPresent()) {
      Json.write(results, file.get(), out);
    }
  }
}
