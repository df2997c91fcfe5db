package iomodels.cli.options;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --html} of commands that measure: a page with charts. */
public final class HtmlOption {

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a self-contained page with charts.")
  private Optional<Path> file = Optional.empty();

  /** The file; empty if the option is not given. */
  public Optional<Path> file() {
    return file;
  }
}
