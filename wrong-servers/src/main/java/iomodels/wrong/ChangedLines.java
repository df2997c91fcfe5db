package iomodels.wrong;

import iomodels.service.Session;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.UnaryOperator;

/** A session that changes each line before it passes it on to the session of the service. */
final class ChangedLines implements Session {

  private static final int MAX_LINE = 8192;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Session session;
  private final UnaryOperator<byte[]> change;
  private final UnaryOperator<byte[]> changeLast;
  private final ByteArrayOutputStream line;
  private ByteBuffer changed = NOTHING;

  /**
   * Creates a session.
   *
   * @param change gets a line with its LF, or the beginning of a line that is too long
   * @param changeLast gets a last line that lacks its LF
   * @param line receives the beginning of a line
   */
  ChangedLines(
      Session session,
      UnaryOperator<byte[]> change,
      UnaryOperator<byte[]> changeLast,
      ByteArrayOutputStream line) {
    this.session = session;
    this.change = change;
    this.changeLast = changeLast;
    this.line = line;
  }

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    while (true) {
      Progress progress = session.advance(changed, out, false);
      if (progress != Progress.UNDERFLOW) {
        return progress;
      }
      if (in.hasRemaining()) {
        byte octet = in.get();
        line.write(octet);
        if (octet == '\n' || line.size() > MAX_LINE) {
          pass(change);
        }
      } else if (!endOfInput) {
        return Progress.UNDERFLOW;
      } else if (line.size() > 0) {
        pass(changeLast);
      } else {
        return session.advance(NOTHING, out, true);
      }
    }
  }

  private void pass(UnaryOperator<byte[]> with) {
    changed = ByteBuffer.wrap(with.apply(line.toByteArray()));
    line.reset();
  }
}
