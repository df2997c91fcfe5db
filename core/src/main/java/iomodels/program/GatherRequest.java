package iomodels.program;

import java.util.Optional;

/**
 * A request to {@link Programs#GATHER}.
 *
 * @param kind which backends have to answer
 * @param text the text to send to each backend
 */
public record GatherRequest(Kind kind, String text) {

  /** The answer to a malformed request; the server then closes the connection. */
  public static final String MALFORMED = "error expected all or first\n";

  /** Which backends have to answer. */
  public enum Kind {
    /** Every backend, until the deadline. */
    ALL,
    /** The first backend that succeeds. */
    FIRST
  }

  /** Parses a line without its line end; returns empty if it is malformed. */
  public static Optional<GatherRequest> parse(String line) {
    if (line.startsWith("all ")) {
      return Optional.of(new GatherRequest(Kind.ALL, line.substring("all ".length())));
    }
    if (line.startsWith("first ")) {
      return Optional.of(new GatherRequest(Kind.FIRST, line.substring("first ".length())));
    }
    return Optional.empty();
  }

  /** Whether a backend's answer is a result rather than an error. */
  public static boolean isSuccess(String answer) {
    return !answer.startsWith("error");
  }
}
