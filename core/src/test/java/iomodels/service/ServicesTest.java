package iomodels.service;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.service.Session.Progress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests each clause of the specifications in {@link Services}. */
class ServicesTest {

  private static final String TOO_LONG = "ERR line too long\n";
  private static final String NOT_A_COUNT = "ERR expected a count\n";

  @Test
  void servicesAreFoundByName() {
    assertThat(Services.all())
        .extracting(Service::name)
        .containsExactly("upper", "echo", "fixed", "lines", "flood", "discard");
    assertThat(Services.all())
        .allSatisfy(service -> assertThat(Services.named(service.name())).contains(service));
    assertThat(Services.named("UPPER")).isEmpty();
    assertThat(Services.named("")).isEmpty();
  }

  @Test
  void onlyUpperEchoAndFixedHaveADatagramForm() {
    List<Service> withDatagrams =
        Services.all().stream().filter(service -> service.datagrams().isPresent()).toList();

    assertThat(withDatagrams).containsExactly(Services.UPPER, Services.ECHO, Services.FIXED);
  }

  @Test
  void upperChangesOnlyTheTwentySixLowerCaseLetters() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }

    byte[] reply = Driver.atOnce(Services.UPPER.open(), all, all.length);

    for (int i = 0; i < all.length; i++) {
      int expected = i >= 0x61 && i <= 0x7A ? i - 0x20 : i;
      assertThat(reply[i]).as("byte %d", i).isEqualTo((byte) expected);
    }
  }

  /** The code handles eight bytes at a time: a byte must not affect its neighbours. */
  @Test
  void upperChangesEachByteIndependentlyOfItsNeighbour() {
    byte[] pairs = new byte[2 * 256 * 256];
    for (int i = 0; i < pairs.length / 2; i++) {
      pairs[2 * i] = (byte) (i >> 8);
      pairs[2 * i + 1] = (byte) i;
    }

    assertThat(Driver.atOnce(Services.UPPER.open(), pairs, pairs.length))
        .isEqualTo(Expected.reply(Services.UPPER, pairs));
  }

  /** Whole words and single bytes, at every alignment; bytes around the reply stay unchanged. */
  @ParameterizedTest
  @CsvSource({"false, false", "true, true", "false, true", "true, false"})
  void upperChangesMessagesOfEveryLengthAtEveryPosition(boolean inDirect, boolean outDirect) {
    ByteBuffer in = inDirect ? ByteBuffer.allocateDirect(200) : ByteBuffer.allocate(200);
    ByteBuffer out = outDirect ? ByteBuffer.allocateDirect(200) : ByteBuffer.allocate(200);
    for (int i = 0; i < in.capacity(); i++) {
      in.put(i, (byte) ('a' + i % 26));
    }
    for (int length = 0; length <= 140; length++) {
      for (int from = 0; from < 2 * Long.BYTES; from++) {
        int to = (3 * from + 1) % Long.BYTES;
        out.clear().put(0, "-".repeat(200).getBytes(ISO_8859_1)).position(to);
        in.limit(from + length).position(from);

        Progress progress = Services.UPPER.open().advance(in, out, false);

        byte[] expected = "-".repeat(200).getBytes(ISO_8859_1);
        for (int i = 0; i < length; i++) {
          expected[to + i] = (byte) ('A' + (from + i) % 26);
        }
        byte[] actual = new byte[200];
        out.get(0, actual);
        assertThat(progress).isEqualTo(Progress.UNDERFLOW);
        assertThat(in.remaining()).isZero();
        assertThat(out.position()).isEqualTo(to + length);
        assertThat(actual).as("%d bytes, from %d to %d", length, from, to).isEqualTo(expected);
      }
    }
  }

  @Test
  void upperRepliesBeforeTheEndOfInput() {
    assertThat(unfinished(Services.UPPER, "abc")).isEqualTo("ABC");
  }

  @Test
  void echoChangesNoByteAndRepliesBeforeTheEndOfInput() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }

    assertThat(Driver.atOnce(Services.ECHO.open(), all, all.length)).isEqualTo(all);
    assertThat(unfinished(Services.ECHO, "a\0b")).isEqualTo("a\0b");
  }

  @Test
  void fixedAnswersOncePerChunkWhateverItsContent() {
    Session session = Services.FIXED.open();
    ByteBuffer out = ByteBuffer.allocate(100);

    session.advance(ByteBuffer.wrap(new byte[] {0}), out, false);
    session.advance(ByteBuffer.wrap(new byte[512]), out, false);

    assertThat(new String(out.array(), 0, out.position(), ISO_8859_1)).isEqualTo("dddddddddddd");
  }

  @Test
  void linesKeepsALineUntilItIsComplete() {
    Session session = Services.LINES.open();
    ByteBuffer out = ByteBuffer.allocate(100);

    assertThat(session.advance(latin1("hel"), out, false)).isEqualTo(Progress.UNDERFLOW);
    assertThat(session.advance(latin1("lo\r"), out, false)).isEqualTo(Progress.UNDERFLOW);
    assertThat(out.position()).isZero();
    assertThat(session.advance(latin1("\nx"), out, false)).isEqualTo(Progress.UNDERFLOW);

    assertThat(new String(out.array(), 0, out.position(), ISO_8859_1)).isEqualTo("HELLO\r\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "\n\n\n", "a", "a\n", "a\nb", "a\r\nb\r\n", "\r", "é\u0000\n"})
  void linesPreservesLineEnds(String input) {
    assertThat(reply(Services.LINES, input)).isEqualTo(input.replace('a', 'A').replace('b', 'B'));
  }

  @ParameterizedTest(name = "{0} bytes and \"{1}\"")
  @CsvSource({"8191, \\n", "8192, \\n", "8191, \\r\\n", "8192, ''", "0, \\n"})
  void linesAcceptsALineOf8192BytesWithoutItsLf(int length, String end) {
    String line = "y".repeat(length) + end.translateEscapes();

    assertThat(reply(Services.LINES, "a\n" + line + (end.isEmpty() ? "" : "b")))
        .isEqualTo("A\n" + line.replace('y', 'Y') + (end.isEmpty() ? "" : "B"));
  }

  @ParameterizedTest(name = "{0} bytes and \"{1}\"")
  @CsvSource({"8193, \\n", "8192, \\r\\n", "8193, ''", "100000, \\n"})
  void linesRejectsALongerLine(int length, String end) {
    String line = "y".repeat(length) + end.translateEscapes();

    assertThat(reply(Services.LINES, "a\n" + line + "b\n")).isEqualTo("A\n" + TOO_LONG);
  }

  @Test
  void linesRejectsALongLineBeforeItsEnd() {
    Session session = Services.LINES.open();
    ByteBuffer out = ByteBuffer.allocate(100);

    assertThat(session.advance(latin1("y".repeat(8192)), out, false)).isEqualTo(Progress.UNDERFLOW);
    assertThat(session.advance(latin1("y"), out, false)).isEqualTo(Progress.FINISHED);
    assertFinished(session);

    assertThat(new String(out.array(), 0, out.position(), ISO_8859_1)).isEqualTo(TOO_LONG);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 250, 251, 252, 64 * 251, 64 * 251 + 1, 1_000_000})
  void floodSendsTheRequestedNumberOfBytes(int count) {
    byte[] reply = Driver.atOnce(Services.FLOOD.open(), (count + "\n").getBytes(ISO_8859_1), count);

    assertThat(reply).hasSize(count);
    for (int i = 0; i < count; i++) {
      if (reply[i] != (byte) (i % 251)) {
        assertThat(reply[i]).as("byte %d", i).isEqualTo((byte) (i % 251));
      }
    }
  }

  @Test
  void floodAnswersPipelinedRequestsInOrder() {
    assertThat(reply(Services.FLOOD, "2\n0\n003\n1\n")).isEqualTo("\0\1\0\1\2\0");
  }

  @Test
  void floodAcceptsThirteenDigits() {
    Session session = Services.FLOOD.open();
    ByteBuffer out = ByteBuffer.allocate(1000);
    ByteBuffer in = latin1("9999999999999\n");

    for (int i = 0; i < 100; i++) {
      assertThat(session.advance(in, out.clear(), true)).isEqualTo(Progress.OVERFLOW);
      assertThat(out.get(999)).isEqualTo((byte) ((1000 * i + 999) % 251));
    }
    assertThat(reply(Services.FLOOD, "0000000000002\n")).isEqualTo("\0\1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "00000000000001\n",
        "10000000000000",
        "\n",
        "x\n",
        "-1\n",
        "+1\n",
        " 1\n",
        "1 \n",
        "1\r\n",
        "1.5\n",
        "١\n",
        "/\n",
        ":\n",
        "\0",
        "1",
        "0"
      })
  void floodRejectsMalformedRequests(String request) {
    byte[] utf8 = request.getBytes(UTF_8);
    String latin1 = new String(utf8, ISO_8859_1);

    assertThat(reply(Services.FLOOD, latin1)).isEqualTo(NOT_A_COUNT);
    assertThat(reply(Services.FLOOD, "2\n" + latin1)).isEqualTo("\0\1" + NOT_A_COUNT);
  }

  @Test
  void floodConsumesNoInputAfterARejection() {
    Session session = Services.FLOOD.open();
    ByteBuffer out = ByteBuffer.allocate(100);

    assertThat(session.advance(latin1("x1\n"), out, false)).isEqualTo(Progress.FINISHED);
    assertFinished(session);

    assertThat(new String(out.array(), 0, out.position(), ISO_8859_1)).isEqualTo(NOT_A_COUNT);
  }

  @Test
  void discardConsumesAllInputAndSendsNothing() {
    assertThat(unfinished(Services.DISCARD, "abc\n")).isEmpty();
    assertThat(reply(Services.DISCARD, "abc\n")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 1472, Responder.MAX_DATAGRAM})
  void eachDatagramIsAnsweredIndependently(int length) {
    Random random = new Random(length);
    byte[] payload = new byte[length];
    random.nextBytes(payload);

    assertThat(datagram(Services.UPPER, payload, random))
        .isEqualTo(Expected.reply(Services.UPPER, payload));
    assertThat(datagram(Services.ECHO, payload, random)).isEqualTo(payload);
    assertThat(datagram(Services.FIXED, payload, random)).isEqualTo("dddddd".getBytes(ISO_8859_1));
  }

  private static byte[] datagram(Service service, byte[] payload, Random random) {
    Memory in = Memory.holding(payload, random);
    Memory out = Memory.withRoomFor(Responder.MAX_DATAGRAM, random);
    int from = out.buffer().position();

    service.datagrams().orElseThrow().reply(in.buffer(), out.buffer());

    in.assertUntouched();
    out.assertUntouchedBut(from);
    assertThat(in.buffer().hasRemaining()).isFalse();
    return out.since(from);
  }

  /** Asserts that a finished session neither consumes input nor writes a reply. */
  private static void assertFinished(Session session) {
    ByteBuffer in = latin1("5\n");
    ByteBuffer out = ByteBuffer.allocate(100);
    assertThat(session.advance(in, out, false)).isEqualTo(Progress.FINISHED);
    assertThat(session.advance(in, out, true)).isEqualTo(Progress.FINISHED);
    assertThat(in.remaining()).isEqualTo(2);
    assertThat(out.position()).isZero();
  }

  private static String reply(Service service, String input) {
    byte[] reply = Driver.atOnce(service.open(), input.getBytes(ISO_8859_1), 20_000);
    return new String(reply, ISO_8859_1);
  }

  private static String unfinished(Service service, String input) {
    ByteBuffer out = ByteBuffer.allocate(100);
    assertThat(service.open().advance(latin1(input), out, false)).isEqualTo(Progress.UNDERFLOW);
    return new String(out.array(), 0, out.position(), ISO_8859_1);
  }

  private static ByteBuffer latin1(String text) {
    return ByteBuffer.wrap(text.getBytes(ISO_8859_1));
  }
}
