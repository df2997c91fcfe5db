package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.UPPER;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Trial;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** Section 1: which bytes come back. */
final class ByteRules {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "1.01",
              MUST,
              "Upper-case the bytes 0x61–0x7A, and keep the other 230 byte values.",
              UPPER,
              Set.of(),
              ByteRules::everyByteValue),
          new Rule(
              "1.02",
              MUST,
              "Pass NUL and invalid UTF-8 unchanged.",
              UPPER,
              Set.of(),
              ByteRules::invalidText),
          new Rule(
              "1.03",
              MUST,
              "Return exactly as many bytes as were sent.",
              UPPER,
              Set.of(),
              ByteRules::exactCount),
          new Rule(
              "1.04",
              MUST,
              "Send nothing unprompted.",
              UPPER,
              Set.of(),
              trial -> trial.connect().expectSilence(trial.time(SILENCE))));

  private ByteRules() {}

  private static void everyByteValue(Trial trial) throws Broken, IOException, InterruptedException {
    byte[] every = new byte[256];
    for (int i = 0; i < every.length; i++) {
      every[i] = (byte) i;
    }
    Peer peer = trial.connect();
    peer.send(every);
    peer.expect(Text.upper(every));
  }

  private static void invalidText(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connect();
    // NUL alone and inside; continuation bytes with nothing to continue; an overlong NUL and an
    // overlong slash; a lead byte cut short; bytes that UTF-8 never uses.
    for (String hex :
        List.of("00", "610062", "80BF", "C080", "C0AF", "C3", "6180C261", "FFFE", "F5F7")) {
      byte[] bytes = java.util.HexFormat.of().parseHex(hex);
      peer.send(bytes);
      peer.expect(Text.upper(bytes));
    }
  }

  private static void exactCount(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connect();
    for (int length : new int[] {1, 2, 3, 7, 8, 9, 100, 1000}) {
      byte[] text = Text.letters(trial.random(), length);
      peer.send(text);
      peer.expect(Text.upper(text));
    }
    peer.expectSilence(trial.time(SILENCE));
  }
}
