package iomodels.service;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.service.Session.Progress;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests the contract of {@link Session} for every service, with input split at random and buffers
 * of many kinds. {@link Expected} computes the expected replies; it shares no code with the
 * services.
 */
class SessionTest {

  static final List<Service> SERVICES = Services.all();

  /** Limits for chunks and output buffers: a byte, a few, about a word, a TCP segment, many. */
  private static final int[] SIZES = {1, 3, 9, 100, 1460, 20_000};

  static Stream<Arguments> servicesAndSeeds() {
    return SERVICES.stream()
        .flatMap(service -> LongStream.range(0, 100).mapToObj(seed -> Arguments.of(service, seed)));
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("servicesAndSeeds")
  void theReplyDependsNeitherOnSplitsNorOnBuffers(Service service, long seed) {
    RandomGenerator random = new Random(seed);
    int largestChunk = SIZES[random.nextInt(SIZES.length)];
    int largestRoom = SIZES[random.nextInt(SIZES.length)];
    byte[] input =
        input(service, random, Math.min(30_000, 600 * Math.min(largestChunk, largestRoom)));
    Driver driver = new Driver(service.open(), random, largestChunk, largestRoom);

    byte[] reply = driver.converse(input);

    if (service.equals(Services.FIXED)) {
      assertThat(new String(reply, ISO_8859_1)).isEqualTo("dddddd".repeat(driver.received()));
    } else {
      byte[] expected = Expected.reply(service, input);
      assertThat(reply).isEqualTo(expected);
      assertThat(Driver.atOnce(service.open(), input, expected.length)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @FieldSource("SERVICES")
  void noReplyIsLostIfTheOutputIsFull(Service service) {
    Session session = service.open();
    byte[] input = "12\n".getBytes(ISO_8859_1);
    ByteBuffer in = ByteBuffer.wrap(input);
    ByteBuffer full = ByteBuffer.allocate(0);
    Progress expected = service.equals(Services.DISCARD) ? Progress.FINISHED : Progress.OVERFLOW;
    for (int i = 0; i < 3; i++) {
      assertThat(session.advance(in, full, true)).isEqualTo(expected);
    }

    ByteBuffer out = ByteBuffer.allocate(100);
    assertThat(session.advance(in, out, true)).isEqualTo(Progress.FINISHED);

    assertThat(Arrays.copyOf(out.array(), out.position()))
        .isEqualTo(Expected.reply(service, input));
  }

  @ParameterizedTest
  @FieldSource("SERVICES")
  void sendsNothingWithoutInput(Service service) {
    Session session = service.open();
    ByteBuffer out = ByteBuffer.allocate(100);

    assertThat(session.advance(ByteBuffer.allocate(0), out, false)).isEqualTo(Progress.UNDERFLOW);
    assertThat(session.advance(ByteBuffer.allocate(0), out, true)).isEqualTo(Progress.FINISHED);
    assertThat(session.advance(ByteBuffer.allocate(0), out, true)).isEqualTo(Progress.FINISHED);

    assertThat(out.position()).isZero();
  }

  @Test
  void sessionsOfOneServiceAreIndependent() {
    Session one = Services.LINES.open();
    Session other = Services.LINES.open();
    ByteBuffer out = ByteBuffer.allocate(100);

    one.advance(ByteBuffer.wrap(new byte[] {'a'}), out, false);
    other.advance(ByteBuffer.wrap(new byte[] {'b'}), out, false);
    one.advance(ByteBuffer.wrap(new byte[] {'\n'}), out, false);
    other.advance(ByteBuffer.wrap(new byte[] {'\n'}), out, false);

    assertThat(new String(out.array(), 0, out.position(), ISO_8859_1)).isEqualTo("A\nB\n");
  }

  /** Random input that reaches all branches of a service, including its errors. */
  private static byte[] input(Service service, RandomGenerator random, int about) {
    int length = random.nextInt(about + 1);
    if (service.equals(Services.LINES)) {
      return lines(random, length);
    } else if (service.equals(Services.FLOOD)) {
      return requests(random, length);
    }
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] lines(RandomGenerator random, int length) {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    while (lines.size() < length) {
      byte[] line = new byte[lengthOfLine(random)];
      random.nextBytes(line);
      lines.writeBytes(new String(line, ISO_8859_1).replace('\n', 'l').getBytes(ISO_8859_1));
      lines.writeBytes((random.nextBoolean() ? "\n" : "\r\n").getBytes(ISO_8859_1));
    }
    if (random.nextBoolean()) {
      lines.writeBytes("no end".getBytes(ISO_8859_1));
    }
    return lines.toByteArray();
  }

  private static int lengthOfLine(RandomGenerator random) {
    return switch (random.nextInt(20)) {
      case 0 -> 8192 - random.nextInt(3);
      case 1 -> random.nextInt(9000);
      case 2, 3, 4, 5 -> random.nextInt(300);
      default -> random.nextInt(20);
    };
  }

  private static byte[] requests(RandomGenerator random, int length) {
    StringBuilder requests = new StringBuilder();
    int asked = 0;
    while (asked < length) {
      int count = random.nextInt(random.nextBoolean() ? 10 : 1000);
      asked += count + 1;
      requests.append("0".repeat(random.nextInt(10))).append(count).append('\n');
    }
    String end =
        switch (random.nextInt(6)) {
          case 0 -> "17";
          case 1 -> "\n5\n";
          case 2 -> "12x\n5\n";
          case 3 -> "00000000000001\n5\n";
          default -> "";
        };
    return requests.append(end).toString().getBytes(ISO_8859_1);
  }
}
