package iomodels.cli.options;

import iomodels.lab.bench.InterleavedRun;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The option {@code --quick} of commands that measure: short rounds. */
public final class QuickOption {

  /** The short rounds of {@code --quick}. */
  public static final InterleavedRun ROUNDS =
      new InterleavedRun(Duration.ofSeconds(1), Duration.ofMillis(250), 5);

  @Option(
      names = "--quick",
      description =
          "Rounds of a quarter of a second and a short warm-up: a first look, with less certain"
              + " results.")
  private boolean quick;

  /** Returns short rounds if the option is given, otherwise the given ones. */
  public InterleavedRun orElse(InterleavedRun thorough) {
    return quick ? ROUNDS : thorough;
  }
}
