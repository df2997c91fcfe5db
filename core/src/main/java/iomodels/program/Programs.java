package iomodels.program;

import java.util.List;
import java.util.Optional;

/**
 * The four programs. Each constant documents a complete contract: a server in any language can
 * implement it.
 *
 * <p>Bytes are octets. A line ends with LF (0x0A); a CR before it is dropped. Text is UTF-8, and
 * malformed input becomes U+FFFD. A received line has at most {@value LineReader#MAX_BYTES} bytes;
 * a longer one is answered with {@code error line too long}, and the connection is closed. Each
 * answer is a line that ends with LF.
 *
 * <p>A client that has finished sending (FIN) receives all pending answers before its connection is
 * closed. A reset is noticed as soon as the bytes received before it have been read; or, after a
 * FIN, at the next write to the client. The server stops reading from a client that does not read
 * its answers.
 */
public final class Programs {

  /**
   * A TCP relay. For each client it connects to the upstream, and forwards bytes in both directions
   * at the same time. It forwards a FIN, and the other direction goes on; when both directions have
   * ended, it closes both connections. If one side does not read, the relay reads from the other
   * side no more than fits into the kernel's buffers and {@link ProgramConfig#RELAY_BYTES}. If the
   * upstream cannot be reached, or one side resets, the relay resets the other side: a truncated
   * stream must not look complete.
   */
  public static final Program RELAY =
      new Program("relay", "forwards each client to an upstream, both directions at once");

  /**
   * Scatter-gather: asks several backends at the same time, under a deadline. A request is {@code
   * all TEXT} or {@code first TEXT}. For each request the program connects to every backend, sends
   * {@code TEXT} and LF, waits for one line, and closes the connection. A call has failed if the
   * connection is refused, or if the line begins with {@code error}, is too long, or ends before
   * its LF.
   *
   * <p>The answer to {@code all} has one line for each backend, in their order: {@code ok LINE},
   * {@code failed}, or {@code late} if there was no line by the deadline. It is sent when the last
   * line is known. The answer to {@code first} is {@code ok LINE} of the backend that succeeds
   * first. If all calls fail, all backends are asked once more after {@link
   * ProgramConfig#backOff()}; if all fail again, the answer is {@code failed}. At the deadline,
   * which counts from the request, it is {@code late}.
   *
   * <p>Calls are cancelled, and their connections closed, at the deadline, when another backend was
   * first, and when the client has gone. Requests of one client are answered in order, one at a
   * time. Any other line is answered with {@code error expected all or first}, and the connection
   * is closed.
   */
  public static final Program GATHER =
      new Program("gather", "asks several backends at once, and answers in time");

  /**
   * A chat room. A client's first line is its name: 1 to 16 letters, digits, {@code -} and {@code
   * _}. Otherwise it is sent {@code error a name has 1 to 16 letters, digits, - or _} or {@code
   * error NAME is taken}, and its connection is closed. A newcomer is sent {@code * you are NAME;
   * here:} and the names of the members, each after a space, in the order in which they entered.
   * The others are sent {@code * NAME joined}, and {@code * NAME left} when a member has finished
   * sending or has gone. Each further line is sent to all other members as {@code NAME: LINE}, in
   * the same order to all.
   *
   * <p>For a member that does not read, {@link ProgramConfig#outbox()} bytes are kept, besides
   * those in the kernel's buffers. If there is one more line when that many are pending, the member
   * is dropped: its connection is closed, and the others are sent {@code * NAME was dropped: it
   * does not read}. It does not delay the others, except for the fraction of a second that it may
   * take to find out that it does not read.
   */
  public static final Program CHAT = new Program("chat", "a room in which lines go to all others");

  /**
   * Long tasks beside quick answers. {@code ping} is answered with {@code pong}. {@code hash N
   * TEXT} is answered with SHA-256, applied N times to TEXT (1 to 10,000,000, at most 8 digits), in
   * lower-case hexadecimal. {@code read NAME} is answered with the SHA-256 of a file in {@link
   * ProgramConfig#folder()}, or with {@code error cannot read NAME}. A file's name has letters,
   * digits, {@code .}, {@code -} and {@code _}, and does not begin with a dot. The file may be a
   * FIFO, which has no size and may take long to open; devices are not read, nor are files outside
   * the folder to which a symbolic link leads.
   *
   * <p>At most {@link ProgramConfig#workers()} tasks ({@code hash}, {@code read}) run at a time,
   * and at most {@link ProgramConfig#queue()} wait; a further one is answered with {@code error
   * busy, try later} at once. Requests of one client are answered in order, one at a time. If the
   * client goes, its running task is cancelled, and its waiting task is removed. Any other line is
   * answered with {@code error expected ping, hash or read}, and the connection is closed.
   */
  public static final Program OFFLOAD =
      new Program("offload", "does slow work beside quick answers, a bounded amount of it");

  private static final List<Program> ALL = List.of(RELAY, GATHER, CHAT, OFFLOAD);

  private Programs() {}

  /** All programs, in the order of this page. */
  public static List<Program> all() {
    return ALL;
  }

  /** Finds a program by its name. */
  public static Optional<Program> named(String name) {
    return ALL.stream().filter(it -> it.name().equals(name)).findFirst();
  }
}
