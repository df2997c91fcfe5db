package iomodels.service;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.service.Session.Progress;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * A server's part in a conversation, without a network: it hands a session its input in chunks and
 * its output in buffers of any size, and holds every single call to {@link Session}'s contract.
 */
final class Driver {

  private final Session session;
  private final RandomGenerator random;
  private final int largestChunk;
  private final int largestRoom;

  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private int received;
  private Progress last = Progress.UNDERFLOW;

  Driver(Session session, RandomGenerator random, int largestChunk, int largestRoom) {
    this.session = session;
    this.random = random;
    this.largestChunk = largestChunk;
    this.largestRoom = largestRoom;
  }

  /** One call with everything in it, and an {@code out} that has room for {@code room} bytes. */
  static byte[] atOnce(Session session, byte[] input, int room) {
    ByteBuffer out = ByteBuffer.allocate(room);
    assertThat(session.advance(ByteBuffer.wrap(input), out, true)).isEqualTo(Progress.FINISHED);
    return Arrays.copyOf(out.array(), out.position());
  }

  /** Says {@code input} and the end of it; returns all that was said in reply. */
  byte[] converse(byte[] input) {
    byte[] pending = {};
    int next = 0;
    boolean ended = false;
    while (last != Progress.FINISHED) {
      if (last == Progress.UNDERFLOW) {
        int length = Math.min(random.nextInt(largestChunk + 1), input.length - next);
        pending = Arrays.copyOfRange(input, next, next + length);
        next += length;
        // The end may be known with the last bytes, or only afterwards.
        ended = next == input.length && random.nextBoolean();
      }
      pending = advance(pending, random.nextInt(largestRoom + 1), ended);
    }
    for (int i = 0; i < 3; i++) {
      advance(pending, random.nextInt(largestRoom + 1), true);
    }
    return said.toByteArray();
  }

  /** How many calls brought input. */
  int received() {
    return received;
  }

  /** One call; returns what it left of its input. */
  private byte[] advance(byte[] input, int room, boolean endOfInput) {
    Memory in = Memory.holding(input, random);
    Memory out = Memory.withRoomFor(room, random);
    int inLimit = in.buffer().limit();
    int from = out.buffer().position();
    int outLimit = out.buffer().limit();

    Progress progress = session.advance(in.buffer(), out.buffer(), endOfInput);

    in.assertUntouched();
    out.assertUntouchedBut(from);
    assertThat(in.buffer().limit()).as("limit of in").isEqualTo(inLimit);
    assertThat(out.buffer().limit()).as("limit of out").isEqualTo(outLimit);
    int left = in.buffer().remaining();
    byte[] reply = out.since(from);
    switch (progress) {
      case UNDERFLOW -> {
        assertThat(left).as("input left on UNDERFLOW").isZero();
        assertThat(endOfInput).as("UNDERFLOW at the end of input").isFalse();
      }
      case OVERFLOW -> assertThat(out.buffer().remaining()).as("room on OVERFLOW").isZero();
      case FINISHED -> {}
    }
    switch (last) {
      case UNDERFLOW -> {}
      case OVERFLOW -> {
        if (room > 0) {
          assertThat(reply).as("what there was to say after OVERFLOW").isNotEmpty();
        }
      }
      case FINISHED -> {
        assertThat(progress).as("after FINISHED").isEqualTo(Progress.FINISHED);
        assertThat(reply).as("said after FINISHED").isEmpty();
        assertThat(left).as("left after FINISHED").isEqualTo(input.length);
      }
    }
    last = progress;
    said.writeBytes(reply);
    received += input.length > 0 ? 1 : 0;
    in.scribble();
    out.scribble();
    return Arrays.copyOfRange(input, input.length - left, input.length);
  }
}
