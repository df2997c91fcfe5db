package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.GatherLines.PIECE;
import static iomodels.conformance.rules.GatherLines.demandAt;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.util.List;

/** Requests and answers of gather that arrive in pieces, or together with other bytes. */
final class GatherPieces {

  private static final String ERROR = "error no tea\n";

  /** Answers in the pieces in which they come, with what the client has to be sent. */
  private static final List<Pieces> ANSWERS =
      List.of(
          new Pieces("failed", "err", "or\n"),
          new Pieces("failed", "error", "\n"),
          new Pieces("failed", "e", "r", "r", "o", "r", "s", "\n"),
          new Pieces("failed", "error no", " tea\nhere\n"),
          new Pieces("ok err", "err", "\n"),
          new Pieces("ok terror", "t", "error\n"),
          new Pieces("ok here", "he", "re\nerr", "or\n"),
          new Pieces("ok here", "here", "\n", ERROR),
          new Pieces("ok here", "here\n" + ERROR.repeat(1_000)),
          new Pieces("ok ", "\n" + ERROR));

  private GatherPieces() {}

  private record Pieces(String wanted, List<String> parts) {

    Pieces(String wanted, String... parts) {
      this(wanted, List.of(parts));
    }

    /**
     * Sends each part so late that a program reads it separately, unless it is busy. The program
     * may end the call as soon as it knows the answer.
     */
    void send(Peer call) {
      for (String each : parts) {
        if (!call.sendUnlessReset(each.getBytes(US_ASCII)) || call.endsWithoutData(PIECE)) {
          return;
        }
      }
    }

    @Override
    public String toString() {
      return "an answer that arrives as \"%s\""
          .formatted(String.join("\" and \"", parts).replace("\n", "\\n"));
    }
  }

  /** Rule 12.02. */
  static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend));
    for (byte each : "all te".getBytes(US_ASCII)) {
      client.send(new byte[] {each});
    }
    backend.expectNobody(context.time(SILENCE));
    client.send("a\r\nall cof");
    try (Peer one = asked(backend, "tea")) {
      one.send("o");
      one.send("ne");
      client.expectSilence(context.time(SILENCE));
      one.send("\n");
      client.expect("ok one\n");
    }
    client.send("fee\n");
    try (Peer one = asked(backend, "coffee")) {
      one.send("two\nand more\n");
      client.expect("ok two\n");
    }
    for (Pieces each : ANSWERS) {
      client.send("all tea\n");
      try (Peer call = asked(backend, "tea")) {
        each.send(call);
        demandAt(each.toString(), () -> client.expect(each.wanted + "\n"));
      }
    }
    client.send("first tea\n");
    try (Peer call = asked(backend, "tea")) {
      ANSWERS.getFirst().send(call);
    }
    demandAt(
        "the retry after " + ANSWERS.getFirst(),
        () -> {
          try (Peer again = asked(backend, "tea")) {
            again.send("here\n");
            client.expect("ok here\n");
          }
        });
  }
}
