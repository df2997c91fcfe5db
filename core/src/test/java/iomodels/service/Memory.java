package iomodels.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/** A buffer of a kind that a server might use, between margins that a session must not change. */
final class Memory {

  /** The buffer's memory, including the margins. */
  private final ByteBuffer whole;

  /** The initial content of {@code whole}. */
  private final byte[] before;

  /** The index in {@code whole} of {@code buffer}'s index 0. */
  private final int start;

  private final ByteBuffer buffer;

  private Memory(ByteBuffer whole, byte[] before, int start, ByteBuffer buffer) {
    this.whole = whole;
    this.before = before;
    this.start = start;
    this.buffer = buffer;
  }

  /** Creates a buffer whose remaining bytes are {@code content}. */
  static Memory holding(byte[] content, RandomGenerator random) {
    Memory memory = withRoomFor(content.length, random);
    int first = memory.start + memory.buffer.position();
    memory.whole.put(first, content);
    System.arraycopy(content, 0, memory.before, first, content.length);
    return random.nextInt(3) > 0
        ? memory
        : new Memory(
            memory.whole,
            memory.before,
            memory.start,
            memory.buffer.asReadOnlyBuffer().order(memory.buffer.order()));
  }

  /** Creates a buffer with {@code room} bytes from its position to its limit. */
  static Memory withRoomFor(int room, RandomGenerator random) {
    int left = random.nextInt(20);
    int gap = random.nextInt(20);
    int right = random.nextInt(20);
    int size = left + gap + room + right;
    byte[] noise = new byte[size];
    random.nextBytes(noise);
    ByteBuffer whole =
        (random.nextBoolean() ? ByteBuffer.allocate(size) : ByteBuffer.allocateDirect(size))
            .put(noise)
            .clear();
    // The arrayOffset() of a slice is not 0.
    boolean sliced = random.nextBoolean();
    ByteBuffer buffer = sliced ? whole.slice(left, size - left) : whole.duplicate();
    int first = sliced ? gap : left + gap;
    buffer
        .limit(first + room)
        .position(first)
        .order(random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    return new Memory(whole, noise, sliced ? left : 0, buffer);
  }

  /** Asserts that bytes have changed only, if at all, from index {@code from} to the limit. */
  void assertUntouchedBut(int from) {
    byte[] now = everything();
    byte[] expected = before.clone();
    for (int i = start + from; i < start + buffer.limit(); i++) {
      expected[i] = now[i];
    }
    assertThat(now).as("bytes outside position and limit").isEqualTo(expected);
  }

  /** The buffer to pass to a session. */
  ByteBuffer buffer() {
    return buffer;
  }

  void assertUntouched() {
    assertUntouchedBut(buffer.limit());
  }

  /** The bytes from {@code from} to the buffer's position. */
  byte[] since(int from) {
    byte[] bytes = new byte[buffer.position() - from];
    buffer.get(from, bytes);
    return bytes;
  }

  /** Overwrites the memory, as a server does when it reuses a buffer. */
  void scribble() {
    for (int i = 0; i < whole.capacity(); i++) {
      whole.put(i, (byte) 'z');
    }
  }

  private byte[] everything() {
    byte[] bytes = new byte[whole.capacity()];
    whole.get(0, bytes);
    return bytes;
  }
}
