package iomodels.program;

import java.util.List;
import java.util.Optional;

/**
 * The four programs. Their contracts, below, are complete: a server in any language can keep them.
 * Bytes are octets. Where there are lines, LF (0x0A) ends one, a CR before it is dropped, text is
 * UTF-8 (what is not becomes U+FFFD), and a line that comes has at most {@value
 * LineReader#MAX_BYTES} bytes: to a longer one the answer is {@code error line too long}, after
 * which the connection is closed. Answers are lines that end with LF. A client that has finished
 * sending (FIN) is still given all that it is owed before its connection is closed; one that resets
 * is gone, and that is noticed as soon as all that it said before has been read; or, if it had
 * finished sending, when it is next written to. A client that does not read its answers is not read
 * either.
 */
public final class Programs {

  /**
   * A forwarder: for each client it connects to the upstream, and carries what either says to the
   * other, byte for byte, both at once. A FIN is carried through, and the other direction goes on;
   * when both have ended, both connections are closed. Where one of the two does not read, no more
   * is read from the other than fits into the kernel's buffers and {@link
   * ProgramConfig#RELAY_BYTES}. If the upstream cannot be reached, or either of the two resets, the
   * other is reset as well: nobody takes half of a conversation for the whole.
   */
  public static final Program RELAY =
      new Program("relay", "forwards each client to an upstream, both directions at once");

  /**
   * Asks one or more backends at once, under a deadline. A request is {@code all TEXT} or {@code
   * first TEXT}. For each a connection is made to every backend, {@code TEXT} and LF sent, and one
   * line awaited, after which the connection is closed; what begins with {@code error}, is too
   * long, or ends before its LF, is a failure, as is a refused connection.
   *
   * <p>The answer to {@code all} has a line for each backend, in their order: {@code ok LINE},
   * {@code failed}, or {@code late} if there was none by the deadline. It is sent when the last is
   * known. The answer to {@code first} is {@code ok LINE} of the backend that is the first to
   * succeed. If all fail, all are asked once more, after {@link ProgramConfig#backOff()}; if they
   * fail again, it is {@code failed}; at the deadline, which counts from the request, {@code late}.
   *
   * <p>Whatever is no longer wanted is cancelled: its connection is closed, when the deadline has
   * come, when another was first, and when the client is gone. Requests of one client are answered
   * in order, one at a time. Anything else is answered with {@code error expected all or first},
   * after which the connection is closed.
   */
  public static final Program GATHER =
      new Program("gather", "asks several backends at once, and answers in time");

  /**
   * A room. The first line of a client is its name: 1 to 16 letters, digits, {@code -} and {@code
   * _}; else it is told {@code error a name has 1 to 16 letters, digits, - or _}, or {@code error
   * NAME is taken}, and the connection closed. To the one who enters: {@code * you are NAME; here:}
   * and, each after a space, the names of those that are there, in the order in which they came. To
   * the others: {@code * NAME joined}, and {@code * NAME left} when it has finished sending, or is
   * gone. What a member says goes to all others as {@code NAME: LINE}, in the same order to all.
   *
   * <p>Of what a member does not read, {@link ProgramConfig#outbox()} bytes are kept, besides what
   * is in the kernel's buffers: who is owed as many when there is one more line is dropped, its
   * connection closed, and the others are told {@code * NAME was dropped: it does not read}. Nobody
   * is delayed for that.
   */
  public static final Program CHAT = new Program("chat", "a room in which lines go to all others");

  /**
   * Work that takes long, beside clients who want a quick answer. {@code ping} is answered {@code
   * pong}. {@code hash N TEXT} is answered with the SHA-256 of TEXT, of that, and so on, N times (1
   * to 10,000,000, in at most 8 digits), in lower-case hexadecimal. {@code read NAME} is answered
   * with the SHA-256 of a file in {@link ProgramConfig#folder()}, whose name has letters, digits,
   * {@code .}, {@code -} and {@code _} and does not begin with a dot; or {@code error cannot read
   * NAME}. It may be a FIFO, which has no size, and which it may take long to open; a device is not
   * read, nor what a symbolic link leads to outside of the folder.
   *
   * <p>At most {@link ProgramConfig#workers()} of {@code hash} and {@code read} run at a time, and
   * at most {@link ProgramConfig#queue()} wait; who comes then is told {@code error busy, try
   * later} at once. Requests of one client are answered in order, one at a time; if it goes, what
   * has not begun is not begun, and what runs is cancelled. Anything else is answered with {@code
   * error expected ping, hash or read}, after which the connection is closed.
   */
  public static final Program OFFLOAD =
      new Program("offload", "does slow work beside quick answers, a bounded amount of it");

  private static final List<Program> ALL = List.of(RELAY, GATHER, CHAT, OFFLOAD);

  private Programs() {}

  /** All four, in the order of this page. */
  public static List<Program> all() {
    return ALL;
  }

  /** The program of that name, if there is one. */
  public static Optional<Program> named(String name) {
    return ALL.stream().filter(it -> it.name().equals(name)).findFirst();
  }
}
