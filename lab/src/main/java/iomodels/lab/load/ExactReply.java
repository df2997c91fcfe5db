package iomodels.lab.load;

import java.nio.ByteBuffer;
import java.util.function.Function;

/** Compares a reply with the expected one, byte by byte. For use by one thread. */
final class ExactReply implements ReplyVerifier {

  /** Its position is the next byte that is expected. */
  private final ByteBuffer expected;

  private final Function<String, LoadFailure> failure;

  /**
   * Expects the same reply to each message.
   *
   * @param failure names the connection of a wrong reply
   */
  ExactReply(byte[] reply, Function<String, LoadFailure> failure) {
    expected = Payload.direct(reply);
    this.failure = failure;
  }

  @Override
  public void verify(ByteBuffer received) {
    int length = Math.min(received.remaining(), remaining());
    int last = received.limit();
    received.limit(received.position() + length);
    expected.limit(expected.position() + length);
    int wrong = received.mismatch(expected);
    if (wrong >= 0) {
      throw failure.apply(
          "byte %d of a reply is 0x%02X, not 0x%02X"
              .formatted(
                  expected.position() + wrong,
                  received.get(received.position() + wrong) & 0xFF,
                  expected.get(expected.position() + wrong) & 0xFF));
    }
    received.position(received.limit()).limit(last);
    expected.position(expected.limit());
  }

  /** How many bytes are missing. */
  int remaining() {
    return expected.capacity() - expected.position();
  }

  @Override
  public boolean isComplete() {
    return remaining() == 0;
  }

  @Override
  public void reset() {
    expected.clear();
  }

  @Override
  public String progress() {
    return "%d of %d bytes of a reply received".formatted(expected.position(), expected.capacity());
  }
}
