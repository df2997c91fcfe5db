package iomodels.cli.options;

import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --seed}: repeats the random bytes of an earlier run. */
public final class SeedOption {

  @Option(names = "--seed", paramLabel = "N", description = "Repeat the bytes of an earlier run.")
  private Optional<Long> seed = Optional.empty();

  /** The seed that is given, or a new one at each call. */
  public long orNew() {
    return seed.orElseGet(System::nanoTime);
  }
}
