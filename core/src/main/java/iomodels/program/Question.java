package iomodels.program;

import java.util.Optional;

/**
 * What a client of {@link Programs#GATHER} asks.
 *
 * @param kind whom it wants an answer of
 * @param text what is to be sent to each backend
 */
public record Question(Kind kind, String text) {

  /** Said to whoever asks anything else. */
  public static final String EXPECTED = "error expected all or first\n";

  /** Whose answer is wanted. */
  public enum Kind {
    ALL,
    FIRST
  }

  /** Of a line; empty if it is none. */
  public static Optional<Question> of(String line) {
    if (line.startsWith("all ")) {
      return Optional.of(new Question(Kind.ALL, line.substring("all ".length())));
    }
    if (line.startsWith("first ")) {
      return Optional.of(new Question(Kind.FIRST, line.substring("first ".length())));
    }
    return Optional.empty();
  }

  /** Whether what a backend has said is an answer, and not the admission of a failure. */
  public static boolean isGood(String answer) {
    return !answer.startsWith("error");
  }
}
