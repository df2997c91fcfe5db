package iomodels.conformance.rules;

import static iomodels.conformance.rules.GatherLines.MAX;
import static iomodels.conformance.rules.GatherLines.PIECE;
import static iomodels.conformance.rules.GatherLines.TOO_LONG;
import static iomodels.conformance.rules.GatherLines.demandAt;
import static iomodels.conformance.rules.GatherLines.demandNobody;
import static iomodels.conformance.rules.GatherLines.demandRetry;
import static iomodels.conformance.rules.GatherLines.utf8;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** The limit on the length of a line, for the clients and the backends of gather. */
final class GatherLimits {

  private GatherLimits() {}

  /** Rule 12.20: lines of at most 1,024 bytes. */
  static void limits(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    Peer client = context.connect(program);
    for (String request :
        List.of(longest("all ", "x"), longest("first ", "x"), longest("all ", "\u00E9"))) {
      String text = request.substring(request.indexOf(' ') + 1);
      String answer = longest("", request.endsWith("x") ? "x" : "\u00E9");
      client.send(request + "\n");
      demandAt(
          "a request or an answer of 1,024 bytes",
          () -> {
            try (Peer call = backend.accept()) {
              call.expect(text + "\n");
              call.send(answer + "\n");
              client.expect("ok " + answer + "\n");
            }
          });
    }
    for (String letter : List.of("x", "\u00E9")) {
      client.send("all tea\n");
      try (Peer call = asked(backend, "tea")) {
        call.send(longest("", letter) + "x\n");
        demandAt("an answer of 1,025 bytes", () -> client.expect("failed\n"));
      }
    }
    demandRetry(client, backend, longest("", "x") + "x");
    for (String letter : List.of("x", "\u00E9")) {
      for (String line : List.of(longest("all ", letter) + "x\n", longest("", letter) + "x\n")) {
        try (Peer refused = context.connect(program)) {
          refused.send(line);
          demandAt("a line of 1,025 bytes", () -> refused.expect(TOO_LONG));
          demandAt("a line of 1,025 bytes", refused::expectFin);
        }
      }
    }
    limitsInPieces(context, backend, program);
    demandNobody(backend, Duration.ZERO, "for a line that is too long");
  }

  /** Returns a line of 1,024 bytes. */
  private static String longest(String start, String letter) {
    return start + letter.repeat((MAX - start.length()) / utf8(letter).length);
  }

  /** Lines are measured by themselves, in whatever pieces they come, and without their CR LF. */
  private static void limitsInPieces(TestContext context, Backend backend, Instance program)
      throws Broken, IOException {
    Peer client = context.connect(program);
    String text = longest("", "x");
    String request = longest("all ", "x");
    for (List<String> end : List.of(List.of("\r\n"), List.of("", "\n"), List.of("", "\r", "\n"))) {
      demandAt(
          "a line of 1,024 bytes, and %s".formatted(end.size() == 1 ? "CR LF" : "later its end"),
          () -> {
            sendAll(client, client, request, end);
            try (Peer call = backend.accept()) {
              call.expect(request.substring("all ".length()) + "\n");
              sendAll(call, client, text, end);
              client.expect("ok " + text + "\n");
            }
          });
    }
    for (List<String> end : List.of(List.of("", "x\n"), List.of("\r", "x\n"))) {
      client.send("all tea\n");
      try (Peer call = asked(backend, "tea")) {
        demandAt(
            "an answer that is longer than 1,024 bytes, in pieces",
            () -> {
              sendAll(call, client, text, end);
              client.expect("failed\n");
            });
      }
      try (Peer refused = context.connect(program)) {
        demandAt(
            "a request that is longer than 1,024 bytes, in pieces",
            () -> {
              sendAll(refused, refused, request, end);
              refused.expect(TOO_LONG);
              refused.expectFin();
            });
      }
    }
    demandAt(
        "two requests of 1,024 bytes that were sent together, and answers with as many more bytes",
        () -> {
          client.send((request + "\n").repeat(2));
          for (int i = 0; i < 2; i++) {
            try (Peer call = backend.accept()) {
              call.expect(request.substring("all ".length()) + "\n");
              call.send((text + "\n").repeat(2));
              client.expect("ok " + text + "\n");
            }
          }
        });
  }

  /** Sends a line, and its end so late that a program reads each part of it separately. */
  private static void sendAll(Peer sender, Peer client, String line, List<String> end)
      throws Broken {
    sender.send(line + end.getFirst());
    for (String each : end.subList(1, end.size())) {
      client.expectSilence(PIECE);
      sender.send(each);
    }
  }

  /** Rule 12.14: a line that is too long comes, and goes on, while a request is pending. */
  static void refusesInTurn(TestContext context, Backend backend, Instance program)
      throws Broken, IOException {
    for (String kind : List.of("all", "first")) {
      Peer client = context.connect(program);
      client.send(kind + " tea\n");
      try (Peer call = asked(backend, "tea")) {
        demandAt(
            "a line that becomes too long while a request is pending",
            () -> {
              for (int i = 0; i < 3; i++) {
                client.send("x".repeat(MAX));
                client.expectSilence(PIECE);
              }
              call.send("here\n");
              client.expect("ok here\n" + TOO_LONG);
              client.expectFin();
            });
      }
    }
    demandNobody(backend, PIECE, "after a line that is too long");
  }
}
