package iomodels.service;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.service.Session.Progress;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Plays the server's part in a conversation, without a network. It passes input to a session in
 * chunks, offers output buffers of random sizes, and checks each call against {@link Session}'s
 * contract.
 */
final class Driver {

  private final Session session;
  private final RandomGenerator random;
  private final int largestChunk;
  private final int largestRoom;

  private final ByteArrayOutputStream replies = new ByteArrayOutputStream();
  private int received;
  private Progress last = Progress.UNDERFLOW;

  Driver(Session session, RandomGenerator random, int largestChunk, int largestRoom) {
    this.session = session;
    this.random = random;
    this.largestChunk = largestChunk;
    this.largestRoom = largestRoom;
  }

  /** Makes one call with the whole input, and an {@code out} of {@code room} bytes. */
  static byte[] atOnce(Session session, byte[] input, int room) {
    ByteBuffer out = ByteBuffer.allocate(room);
    assertThat(session.advance(ByteBuffer.wrap(input), out, true)).isEqualTo(Progress.FINISHED);
    return Arrays.copyOf(out.array(), out.position());
  }

  /** Passes {@code input} and the end of input to the session; returns the whole reply. */
  byte[] converse(byte[] input) {
    byte[] pending = {};
    int next = 0;
    boolean ended = false;
    while (last != Progress.FINISHED) {
      if (last == Progress.UNDERFLOW) {
        int length = Math.min(random.nextInt(largestChunk + 1), input.length - next);
        pending = Arrays.copyOfRange(input, next, next + length);
        next += length;
        // A server may learn of the end of input with the last bytes, or later.
        ended = next == input.length && random.nextBoolean();
      }
      pending = advance(pending, random.nextInt(largestRoom + 1), ended);
    }
    for (int i = 0; i < 3; i++) {
      advance(pending, random.nextInt(largestRoom + 1), true);
    }
    return replies.toByteArray();
  }

  /** The number of calls with input. */
  int received() {
    return received;
  }

  /** Makes one call; returns the input that it did not consume. */
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
      case OVERFLOW ->
          assertThat(out.buffer().remaining()).as("free bytes in out on OVERFLOW").isZero();
      case FINISHED -> {}
    }
    switch (last) {
      case UNDERFLOW -> {}
      case OVERFLOW -> {
        if (room > 0) {
          assertThat(reply).as("reply after OVERFLOW").isNotEmpty();
        }
      }
      case FINISHED -> {
        assertThat(progress).as("after FINISHED").isEqualTo(Progress.FINISHED);
        assertThat(reply).as("reply after FINISHED").isEmpty();
        assertThat(left).as("input left after FINISHED").isEqualTo(input.length);
      }
    }
    last = progress;
    replies.writeBytes(reply);
    received += input.length > 0 ? 1 : 0;
    in.scribble();
    out.scribble();
    return Arrays.copyOfRange(input, input.length - left, input.length);
  }
}
