package iomodels.lab.load;

import java.io.Serial;

/** Carries a {@link LoadException} out of the selector's callback. */
final class LoadFailure extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  final LoadException exception;

  LoadFailure(LoadException exception) {
    super(exception);
    this.exception = exception;
  }

  /** Names one of several: {@code connection 3 of 50: …}. */
  static LoadFailure of(String noun, int number, int count, String what) {
    return new LoadFailure(
        new LoadException("%s %d of %d: %s".formatted(noun, number, count, what)));
  }
}
