package iomodels.program;

import java.util.List;
import java.util.Optional;

/**
 * The programs. The Javadoc of each constant is a complete contract, from which a program can be
 * written in any language.
 *
 * <p>All but {@link #HTTP} exchange lines. Bytes are octets. A line ends with LF (0x0A); a CR
 * before the LF is dropped. Text is UTF-8, and malformed input becomes U+FFFD. A received line has
 * at most {@value LineReader#MAX_BYTES} bytes; a longer one is answered with {@code error line too
 * long}, and the connection is closed. Each answer is a line that ends with LF.
 *
 * <p>A client of such a program that has finished sending (FIN) receives all pending answers before
 * its connection is closed. The server detects a reset as soon as it has read the bytes received
 * before it; or, after a FIN, at its next write to the client. The server stops reading from a
 * client that does not read its answers.
 */
public final class Programs {

  /**
   * A TCP relay. For each client that has connected, it makes one connection to the upstream, and
   * forwards bytes in both directions at the same time; what the client sends earlier, its FIN
   * included, it forwards as soon as the upstream accepts. It forwards a FIN after everything that
   * came before it, and the other direction continues; when both directions have ended, it closes
   * both connections. Silence ends nothing. If one side does not read, the relay stops reading from
   * the other side when the kernel's buffers are full and {@link ProgramConfig#RELAY_BYTES} bytes
   * are pending. If the upstream cannot be reached, or has not accepted by {@link
   * ProgramConfig#deadline()}, whatever the client has sent by then, or one side resets, the relay
   * resets the other side: a truncated stream must not look complete. A read or a write that fails
   * shows a reset. For a client that resets while the relay connects, it closes the connecting
   * socket, or resets the connection as soon as it has been made.
   */
  public static final Program RELAY =
      new Program(
          "relay",
          "forwards bytes between each client and an upstream, in both directions at once");

  /**
   * Scatter-gather: queries several backends at the same time, with a deadline. A request is {@code
   * all TEXT} or {@code first TEXT}, where {@code TEXT} is everything after the first blank, and
   * may be empty. For each request the program connects to every backend, sends {@code TEXT} and
   * LF, waits for one line, and closes that connection. A call fails if the connection is refused
   * or reset, or if the line begins with {@code error}, is too long, or ends without LF; an empty
   * line is an answer.
   *
   * <p>The answer to {@code all} has one line for each backend, in the configured order: {@code ok
   * LINE}, {@code failed}, or {@code late} if the backend has not answered by the deadline. It is
   * sent when the results of all backends are known. The answer to {@code first} is {@code ok LINE}
   * of the backend that succeeds first. If all calls fail, the program calls all backends once more
   * after {@link ProgramConfig#backOff()}; if all fail again, the answer is {@code failed}. If no
   * call has succeeded by the deadline, the answer is {@code late}. The deadline counts from the
   * request, and a retry does not begin it anew.
   *
   * <p>The program cancels pending calls and closes their connections at the deadline, when another
   * backend has succeeded first, and when the client disconnects; a retry that is due is cancelled
   * as well. Requests of one client are answered in order, one at a time. Any other line is
   * answered with {@code error expected all or first}, and the connection is closed. Bytes without
   * LF before the client's FIN are not a request.
   */
  public static final Program GATHER =
      new Program("gather", "queries several backends at once, and answers before a deadline");

  /**
   * A chat room. A client's first line is its name: 1 to 16 ASCII letters, digits, {@code -} and
   * {@code _}; upper and lower case differ. If the name is malformed or taken, the answer is {@code
   * error a name has 1 to 16 letters, digits, - or _} or {@code error NAME is taken}, and the
   * connection is closed. A newcomer is sent {@code * you are NAME; here:} and the names of the
   * members, each after a space, in the order in which they entered. The others are sent {@code *
   * NAME joined}, and {@code * NAME left} once when a member has finished sending or has
   * disconnected, or when its line was too long. Its name is then free. Each further line of a
   * member is sent to all other members as {@code NAME: LINE}, with its text unchanged. All members
   * receive all events in the same order. Bytes that no LF follows are not a line, and are
   * discarded at the FIN. Lines that are received shortly before a reset may be lost.
   *
   * <p>A client that has not sent its name is not a member: it is in no list, and receives no
   * lines. A client may be silent for any time. There is no limit on the number of clients, except
   * that of the descriptors.
   *
   * <p>The program also reads from a member for which lines are pending. For a member that does not
   * read, up to {@link ProgramConfig#outbox()} bytes of lines are kept, besides those in the
   * kernel's buffers; up to 100 bytes for each line may be added for what it takes to store it. If
   * that many are pending when a further line arrives, the member is dropped: its connection is
   * closed, and the others are sent {@code * NAME was dropped: it does not read}, and not that it
   * left. What is pending for it may be sent before the close, or discarded. A member that does not
   * read may delay the others by a fraction of a second, until the program has detected that it
   * does not read.
   */
  public static final Program CHAT =
      new Program("chat", "sends each member's lines to all other members of the room");

  /**
   * Long-running tasks beside quick answers. {@code ping} is answered with {@code pong}. {@code
   * hash N TEXT} is answered with SHA-256, applied N times to TEXT (1 to 10,000,000, at most 8
   * ASCII digits; leading zeros may be refused), in lower-case hexadecimal. TEXT is everything
   * after the blank that follows N, and may be empty. {@code read NAME} is answered with the
   * SHA-256 of a file in {@link ProgramConfig#folder()}, or with {@code error cannot read NAME}. A
   * file's name consists of letters, digits, {@code .}, {@code -} and {@code _}, and does not begin
   * with a dot. The file may be a FIFO, which has no size and may take a long time to open. Devices
   * are not read, nor are files outside the folder that a symbolic link points to; a link to a file
   * in the folder is followed.
   *
   * <p>At most {@link ProgramConfig#workers()} tasks ({@code hash}, {@code read}) run at a time,
   * and at most {@link ProgramConfig#queue()} wait, in the order in which they came; a further one
   * is answered with {@code error busy, try later} at once, and the connection stays open. Requests
   * of one client are answered in order, one at a time. If the client disconnects, its running task
   * is cancelled, and its waiting task is removed from the queue. Any other line is answered with
   * {@code error expected ping, hash or read}, and the connection is closed.
   */
  public static final Program OFFLOAD =
      new Program("offload", "runs a bounded number of slow tasks beside quick answers");

  /**
   * An HTTP/1.1 server (RFC 9110, RFC 9112). Unlike the other programs, it exchanges messages of
   * HTTP instead of lines. Its routes:
   *
   * <ul>
   *   <li>{@code GET /hello}: {@code hello} and LF.
   *   <li>{@code POST /upper}: the content of the request, with the ASCII letters a to z in upper
   *       case. The response begins before the request has ended, and each byte is sent back as
   *       soon as it has arrived. While the client does not read, the server does not read either.
   *   <li>{@code GET /bytes/N}: N bytes, of which byte <i>i</i> is <i>i</i> mod 251. N has up to
   *       twelve digits. With the query {@code ?chunked} they are sent in chunks, otherwise with
   *       {@code Content-Length}.
   *   <li>{@code GET /slow/MS}: {@code slow} and LF, after MS milliseconds, which are up to 60,000.
   *   <li>{@code GET /ticker?ms=M}: Server-Sent Events {@code data: 1}, {@code data: 2} and so on:
   *       the first at once, each further one M milliseconds after the one before it, or later
   *       while the client does not read. M is 10 to 60,000, or 1,000 without the query. The
   *       response ends when the client has gone, or the server stops.
   *   <li>{@code PUT /sink}: status 204 when the content has been read; 413 as soon as it is known
   *       to have more than {@value HttpRoute#SINK_LIMIT} bytes.
   *   <li>{@code PUT /deny}: status 403. The content is not waited for.
   *   <li>{@code GET /files/NAME}: a regular file in {@link ProgramConfig#folder()}, or status 404.
   *       The name is as in {@link #OFFLOAD}; a link that leads out of the folder is not followed.
   * </ul>
   *
   * <p>{@code HEAD} is answered like {@code GET}, without content. Another path has status 404, and
   * another method 405 with {@code Allow}. The requests of a connection are answered in order.
   * After a malformed request the server closes the connection. After a response that has not
   * waited for the content of its request, the server reads on for at least a second, or until the
   * content has ended; it may then close the connection. The head of a request has to be complete
   * by {@link ProgramConfig#deadline()}, counted from its first byte, from the end of the response
   * before it, or from the beginning of the connection; otherwise the status is 408, or the
   * connection is closed. A head of more than 64 KiB is too long. When the server stops, it
   * completes the responses that have begun, and ends idle connections at once.
   */
  public static final Program HTTP =
      new Program("http", "serves HTTP/1.1: texts, uploads, long responses, events, and files");

  private static final List<Program> ALL = List.of(RELAY, GATHER, CHAT, OFFLOAD, HTTP);

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
