package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The grammar of gather: what is a line, a request and an answer, byte by byte. */
final class GatherLines {

  private static final String MALFORMED = "error expected all or first\n";
  static final String TOO_LONG = "error line too long\n";

  static final int MAX = LineReader.MAX_BYTES;
  private static final int RANDOM_TEXTS = 10;
  private static final int LONGEST_RANDOM = 100;

  /** More unread bytes than any program reads at once. */
  private static final int PIPELINED = 32 * 1024;

  /** Long enough for a program to read the bytes before and after it separately. */
  static final Duration PIECE = Duration.ofMillis(4);

  /** Less than the pause before a retry. */
  private static final Duration BEFORE_RETRY = Duration.ofMillis(20);

  /** Texts that a program might change, take for something else, or cut. */
  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "   ",
          " tea",
          "tea ",
          "  green  tea  ",
          "\ttea\t",
          "Tea TEA",
          "a\rb",
          "\rtea",
          "tea\r",
          "tea \r",
          "\0",
          "\0tea",
          "a\0b",
          "tea\0",
          "\u0001\u0007\b\u000B\f\u001B[0m\u007F",
          "\u001Ca\u001Db\u001Ec\u001F",
          "a\u0085b",
          "a\u2028b",
          "a\u2029b",
          "\u00A0tea\u3000",
          "\uFEFFtea",
          "caf\u00E9",
          "\u20AC 5",
          "\u8336",
          "\uD83C\uDF75",
          "e\u0301",
          "\uFFFD",
          "all tea",
          "first tea",
          "ok",
          "ok tea",
          "failed",
          "late",
          "\"tea\" 'tea' \\n \\ %s %n {} ${x} $1 #");

  /** Answers that begin with "error" in appearance only. */
  private static final List<String> NO_ERRORS =
      List.of("Error: none", " error", "err", "no error", "\terror");

  private static final List<String> KINDS = List.of("all ", "first ");
  private static final List<String> ERRORS =
      List.of(
          "error",
          "error: no tea",
          "errors found",
          "error\ttea",
          "error\0",
          "error-free",
          "errorful tea");

  /** Malformed UTF-8: a wrong byte, truncated characters, an overlong one, a surrogate. */
  private static final List<byte[]> MALFORMED_UTF_8 =
      List.of(
          bytes(0xFF),
          bytes(0x80),
          bytes(0xC3),
          bytes(0xE2, 0x82),
          bytes(0xF0, 0x9F, 0x98),
          bytes(0xC0, 0xAF),
          bytes(0xED, 0xA0, 0x80));

  /** Where malformed bytes were, there is at least one malformed or replacement character. */
  private static final Pattern REPLACED = Pattern.compile("a\uFFFD+b?");

  private static final List<String> NONSENSE =
      List.of(
          "some tea",
          "tea",
          "",
          "\r",
          " ",
          "all",
          "all\r",
          "first",
          "al tea",
          "allx tea",
          "alltea",
          "firsttea",
          " all tea",
          "\tall tea",
          "all\ttea",
          "first\u00A0tea",
          "\0all tea",
          "\uFEFFall tea",
          "ALL tea\r",
          "All tea",
          "First tea",
          "FIRST tea",
          "all,tea",
          "GET / HTTP/1.1\r");

  private GatherLines() {}

  private static byte[] bytes(int... octets) {
    byte[] bytes = new byte[octets.length];
    for (int i = 0; i < octets.length; i++) {
      bytes[i] = (byte) octets[i];
    }
    return bytes;
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] each : parts) {
      all.writeBytes(each);
    }
    return all.toByteArray();
  }

  static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  /** Rule 12.19: texts and answers are passed on unchanged. */
  static void passesOn(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend));
    List<String> texts = new ArrayList<>(TEXTS);
    for (int i = 0; i < RANDOM_TEXTS; i++) {
      texts.add(randomText(context));
    }
    for (String kind : KINDS) {
      for (String text : texts) {
        // With a CR before its LF if that makes no difference, or if the text ends with a CR.
        String end = text.endsWith("\r") || text.length() % 2 == 1 ? "\r\n" : "\n";
        client.send(kind + text + end);
        try (Peer call = accept(backend, text)) {
          call.send(text + end);
          demand(() -> client.expect("ok " + text + "\n"), "the answer of a backend", text);
        }
      }
    }
    for (String answer : NO_ERRORS) {
      exchange(client, backend, answer, "ok " + answer + "\n");
    }
    for (String answer : ERRORS) {
      exchange(client, backend, answer, "failed\n");
      demandRetry(client, backend, answer);
    }
    neverWins(context);
    exchange(client, backend, "error no tea\nhere", "failed\n"); // The first line counts.
    exchange(client, backend, "here\nerror no tea", "ok here\n");
    malformed(client, backend);
    inPieces(client, backend);
    client.send("all early\n");
    try (Peer early = backend.accept()) {
      early.send("early\n"); // Before the kit has read the question.
      demand(
          () -> client.expect("ok early\n"), "before the question has come, the answer", "early");
    }
  }

  private static Peer accept(Backend backend, String text) throws Broken, IOException {
    try {
      Peer call = backend.accept();
      call.expect(text + "\n");
      return call;
    } catch (Broken e) {
      throw e.at("the text of a request is \"%s\"".formatted(visible(text)));
    }
  }

  interface Step {
    void run() throws Broken, IOException;
  }

  private static void demand(Step step, String what, String text) throws Broken, IOException {
    demandAt("%s is \"%s\"".formatted(what, visible(text)), step);
  }

  static void demandAt(String place, Step step) throws Broken, IOException {
    try {
      step.run();
    } catch (Broken e) {
      throw e.at(place);
    }
  }

  private static String visible(String text) {
    StringBuilder visible = new StringBuilder();
    text.chars()
        .forEach(
            c ->
                visible.append(
                    c >= ' ' && c < 0x7F ? String.valueOf((char) c) : "\\u%04X".formatted(c)));
    return visible.toString();
  }

  /** Demands that this answer to a "first" request counts as a failure: it is tried again. */
  static void demandRetry(Peer client, Backend backend, String answer) throws Broken, IOException {
    client.send("first tea\n");
    try (Peer call = asked(backend, "tea")) {
      call.send(answer + "\n");
      demand(
          () -> {
            client.expectSilence(BEFORE_RETRY);
            try (Peer again = asked(backend, "tea")) {
              again.send("here\n");
              client.expect("ok here\n");
            }
          },
          "the answer of a backend to \"first\"",
          answer);
    }
  }

  /** An answer that counts as a failure comes first, a good one from another backend later. */
  private static void neverWins(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend failing = context.backend();
    Backend good = context.backend();
    Peer client = context.connect(program(context, NEVER, failing, good));
    for (String answer : ERRORS) {
      client.send("first tea\n");
      try (Peer one = asked(failing, "tea");
          Peer two = asked(good, "tea")) {
        one.send(answer + "\n");
        demand(
            () -> {
              client.expectSilence(PIECE);
              two.send("here\n");
              client.expect("ok here\n");
            },
            "the first of two answers to \"first\"",
            answer);
      }
      failing.closePending();
    }
  }

  private static void exchange(Peer client, Backend backend, String answer, String wanted)
      throws Broken, IOException {
    client.send("all tea\n");
    try (Peer call = asked(backend, "tea")) {
      call.send(answer + "\n");
      demand(() -> client.expect(wanted), "the answer of a backend", answer);
    }
  }

  /** Returns up to a hundred characters of any kind, none of them LF or CR. */
  private static String randomText(TestContext context) {
    StringBuilder text = new StringBuilder("r");
    int length = context.random().nextInt(LONGEST_RANDOM);
    for (int i = 0; i < length; i++) {
      int bound = List.of(0x80, 0x800, 0xD800, 0x110000).get(context.random().nextInt(4));
      int code = context.random().nextInt(bound);
      boolean usable = code != '\n' && code != '\r' && (code < 0xD800 || code > 0xDFFF);
      text.appendCodePoint(usable ? code : 'x');
    }
    return text.toString();
  }

  /** Malformed bytes are replaced or passed on; those around them stay, as does the line's end. */
  private static void malformed(Peer client, Backend backend) throws Broken, IOException {
    for (byte[] bad : MALFORMED_UTF_8) {
      for (String after : List.of("b", "")) {
        byte[] line = join(utf8("a"), bad, utf8(after + "\n"));
        client.send(join(utf8("all "), line));
        try (Peer call = backend.accept()) {
          demandReplaced(call.line(), bad, after);
          call.send(line);
          String answer = client.line();
          if (!answer.startsWith("ok ")) {
            throw new Broken(
                "\"ok\" and an answer with " + hex(bad), "got \"%s\"".formatted(visible(answer)));
          }
          demandReplaced(answer.substring("ok ".length()), bad, after);
        }
      }
    }
  }

  private static void demandReplaced(String line, byte[] bad, String after) throws Broken {
    if (!REPLACED.matcher(line).matches() || line.endsWith("b") != after.equals("b")) {
      throw new Broken(
          "a line with the malformed bytes %s, or U+FFFD, between \"a\" and \"%s\""
              .formatted(hex(bad), after),
          "got \"%s\"".formatted(visible(line)));
    }
  }

  private static String hex(byte[] bytes) {
    StringBuilder hex = new StringBuilder();
    for (byte each : bytes) {
      hex.append(hex.isEmpty() ? "" : " ").append("%02X".formatted(each));
    }
    return hex.toString();
  }

  /** Every character of several bytes is split over two reads, and so is CR LF. */
  private static void inPieces(Peer client, Backend backend) throws Broken, IOException {
    String text = "\u00E9\u20AC\uD83C\uDF75";
    for (byte each : utf8("all " + text + "\r\n")) {
      client.send(new byte[] {each});
      client.expectSilence(PIECE);
    }
    try (Peer call = backend.accept()) {
      demand(() -> call.expect(text + "\n"), "in pieces, the text of a request", text);
      for (byte each : utf8(text + "\r")) {
        call.send(new byte[] {each});
        client.expectSilence(PIECE);
      }
      call.send("\n");
      demand(() -> client.expect("ok " + text + "\n"), "in pieces, the answer", text);
    }
  }

  static void demandNobody(Backend backend, Duration time, String why) throws Broken, IOException {
    demandAt(why, () -> backend.expectNobody(time.plusMillis(1)));
  }

  /** Rule 12.21: a request without its LF is no request. */
  static void unfinished(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    List<Peer> clients = new ArrayList<>();
    demandAt(
        "a request without LF, after which its client has finished sending",
        () -> {
          for (String rest : List.of("all tea", "first tea", "all tea\r", "all ", "fir")) {
            Peer client = context.connect(program);
            client.send("all one\n" + rest);
            client.finishSending();
            try (Peer call = asked(backend, "one")) {
              call.send("here\n");
              client.expect("ok here\n");
            }
            clients.add(client);
          }
          backend.expectNobody(context.time(SILENCE));
          for (Peer each : clients) {
            each.receives(context.time(CLOSE)); // An error line may come, or nothing.
            each.expectFin();
          }
        });
  }

  /** Rule 12.14: malformed requests. */
  static void refuses(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    for (String nonsense : NONSENSE) {
      try (Peer client = context.connect(program)) {
        client.send(nonsense + "\nall tea\n");
        demand(() -> client.expect(MALFORMED), "the request", nonsense);
        demand(client::expectFin, "the request", nonsense);
      }
    }
    Peer pipelines = context.connect(program);
    pipelines.send("nonsense\n" + "all tea\n".repeat(PIPELINED / 8));
    pipelines.finishSending();
    demandAt(
        "a malformed request before others",
        () -> {
          pipelines.expect(MALFORMED);
          pipelines.expectFin();
        });
    demandAt(
        "a request that is too long",
        () -> {
          Peer babbler = context.connect(program);
          babbler.send("all " + "x".repeat(2 * MAX));
          babbler.expect(TOO_LONG);
          babbler.expectFin();
        });
    demandNobody(backend, context.time(SILENCE), "after a malformed request");
    answersWhatCameBefore(context, backend, program);
  }

  private static void answersWhatCameBefore(TestContext context, Backend backend, Instance program)
      throws Broken, IOException {
    Peer expected = context.connect(program);
    Peer tooLong = context.connect(program);
    expected.send("all one\nnonsense\nall two\n");
    try (Peer one = asked(backend, "one")) {
      tooLong.send("first three\nall " + "x".repeat(MAX) + "\nall four\n");
      try (Peer three = asked(backend, "three")) {
        demandAt(
            "a malformed request while another is pending",
            () -> {
              expected.expectSilence(context.time(SILENCE));
              tooLong.expectSilence(PIECE);
              one.send("here\n");
              three.send("there\n");
              expected.expect("ok here\n" + MALFORMED);
              expected.expectFin();
              tooLong.expect("ok there\n" + TOO_LONG);
              tooLong.expectFin();
            });
      }
    }
    demandNobody(backend, PIECE, "after a malformed request");
    GatherLimits.refusesInTurn(context, backend, program);
  }
}
