package iomodels.conformance.rules;

import static iomodels.conformance.Bound.PIPELINED;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.OffloadRequests.sha256;
import static iomodels.conformance.rules.Section14Offload.BATCH;
import static iomodels.conformance.rules.Section14Offload.BEGUN;
import static iomodels.conformance.rules.Section14Offload.EMPTY_LINE;
import static iomodels.conformance.rules.Section14Offload.NO_TIME;
import static iomodels.conformance.rules.Section14Offload.PONG;
import static iomodels.conformance.rules.Section14Offload.bytes;
import static iomodels.conformance.rules.Section14Offload.demandAnswer;
import static iomodels.conformance.rules.Section14Offload.exchange;
import static iomodels.conformance.rules.Section14Offload.program;
import static iomodels.conformance.rules.Section14Offload.request;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.SlowFile;
import iomodels.conformance.TestContext;
import iomodels.conformance.rules.OffloadRequests.Case;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How an offload program reads requests, and answers them or refuses lines that are none. */
final class OffloadLines {

  private static final List<Integer> FIFO_LENGTHS = List.of(100, 4_096, 65_537, 1_000_000);
  private static final int FIFOS_OF_EACH = 5;

  private OffloadLines() {}

  /** Rule 14.01. */
  static void answers(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    List<Case> cases = new ArrayList<>(OffloadRequests.hashes(context.random()));
    List<Integer> lengths = OffloadRequests.lengths(context.random());
    List<String> names = OffloadRequests.names(context.random());
    for (int i = 0; i < names.size(); i++) {
      byte[] content = Text.noise(context.random(), lengths.get(i));
      Files.write(folder.resolve(names.get(i)), content);
      cases.add(request("read " + names.get(i), sha256(content, 1)));
    }
    cases.addFirst(OffloadRequests.hash(1, bytes("abc"), false));
    cases.addFirst(request("ping", "pong"));
    cases.add(request("ping", "pong"));
    Instance program = program(context, folder);
    Peer client = context.connect(program);
    exchange(client, cases);
    Peer longest = context.connect(program);
    longest.send("hash 10000000 x\n");
    try {
      byte[] other = Text.noise(context.random(), lengths.getFirst());
      Files.write(folder.resolve(names.getFirst()), other);
      exchange(client, List.of(request("read " + names.getFirst(), sha256(other, 1))));
      demandNoRefusal(longest);
    } finally {
      longest.reset(); // It would be computed to its end.
    }
    readsFifosToTheirEnd(context, folder, program);
  }

  /**
   * The writer closes a FIFO as soon as it has written: the end is there while the reader still has
   * as much to read as a pipe holds.
   */
  private static void readsFifosToTheirEnd(TestContext context, Path folder, Instance program)
      throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program);
    List<SlowFile> fifos = context.slowFiles(folder, "fifo", FIFO_LENGTHS.size() * FIFOS_OF_EACH);
    for (int i = 0; i < fifos.size(); i++) {
      int length = FIFO_LENGTHS.get(i % FIFO_LENGTHS.size());
      String content = "x".repeat(length);
      String request = "read " + fifos.get(i).name();
      client.send(request + "\n");
      fifos.get(i).expectReader();
      fifos.get(i).release(content);
      try {
        demandAnswer(client, request(request, sha256(bytes(content), 1)));
      } catch (Broken e) {
        throw e.at("a FIFO whose writer writes %,d bytes, and closes it".formatted(length));
      }
    }
  }

  /** Demands that the largest number has not been refused. */
  private static void demandNoRefusal(Peer client) throws Broken {
    String answer;
    try {
      answer = client.line(BEGUN);
    } catch (Broken _) {
      return; // It is still computed.
    }
    if (answer.startsWith("error")) {
      throw new Broken("10,000,000 to be a permitted number", "got " + answer);
    }
  }

  /** A request that is sent in two pieces: the beginning up to this position, later the rest. */
  private record Split(Case request, int position) {}

  /** Rule 14.02. */
  static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Instance program = program(context, folder);
    Peer client = context.connect(program);
    for (byte each : bytes("ping\r")) {
      client.send(new byte[] {each});
    }
    byte[] longest = bytes("x".repeat(LineReader.MAX_BYTES - "hash 3 ".length()));
    List<Split> splits =
        List.of(
            new Split(OffloadRequests.hash(2, bytes("\u00e9"), false), "hash 2 ".length() + 1),
            new Split(
                OffloadRequests.hash(1, bytes("\ud83d\ude00x"), true), "hash 1 ".length() + 2),
            new Split(OffloadRequests.hash(3, longest, false), LineReader.MAX_BYTES),
            new Split(OffloadRequests.hash(3, longest, true), LineReader.MAX_BYTES + 1),
            new Split(OffloadRequests.hash(12, bytes("x"), false), "hash 1".length()),
            new Split(request("read file", sha256(bytes("abc"), 1)), "read fi".length()),
            new Split(
                request("x".repeat(1200), OffloadRequests.TOO_LONG), LineReader.MAX_BYTES / 2));
    List<Peer> others = new ArrayList<>();
    for (Split each : splits) {
      Peer other = context.connect(program);
      other.send(each.request.bytes(), 0, each.position);
      others.add(other);
    }
    client.expectSilence(context.time(SILENCE));
    for (int i = 0; i < splits.size(); i++) {
      try {
        others.get(i).expectSilence(NO_TIME);
      } catch (Broken e) {
        throw e.at("the beginning of " + splits.get(i).request.shown());
      }
    }
    // One after the other, so that no task is refused.
    for (int i = 0; i < splits.size(); i++) {
      Split split = splits.get(i);
      byte[] whole = split.request.bytes();
      others.get(i).send(whole, split.position, whole.length - split.position);
      demandAnswer(others.get(i), split.request);
    }
    client.send("\nhash 2 a");
    client.expect(PONG);
    client.send("b\nping\n");
    client.expect(sha256(bytes("ab"), 2) + "\n" + PONG);
  }

  /** Rule 14.04. */
  static void refuses(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("a"), "abc");
    Instance program = program(context, folder);
    List<Case> cases = new ArrayList<>(OffloadRequests.leadingZeros());
    cases.addAll(OffloadRequests.notRequests());
    cases.addAll(OffloadRequests.tooLong());
    for (int i = 0; i < cases.size(); i += BATCH) {
      refuseAll(context, program, cases.subList(i, Math.min(i + BATCH, cases.size())));
    }
    answersBeforeItRefuses(context, program, folder);
  }

  private static void refuseAll(TestContext context, Instance program, List<Case> cases)
      throws Broken, IOException {
    List<Peer> clients = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      clients.add(context.connect(program));
    }
    for (int i = 0; i < cases.size(); i++) {
      try {
        clients.get(i).send(cases.get(i).bytes());
      } catch (Broken e) {
        throw e.at(cases.get(i).shown());
      }
    }
    for (int i = 0; i < cases.size(); i++) {
      String answer = demandAnswer(clients.get(i), cases.get(i));
      if (answer.startsWith("error")) {
        try {
          clients.get(i).expectFin();
        } catch (Broken e) {
          throw e.at("after the answer to " + cases.get(i).shown());
        }
      }
      clients.get(i).close();
    }
  }

  /** The requests before a malformed line are answered first, even if that takes long. */
  private static void answersBeforeItRefuses(TestContext context, Instance program, Path folder)
      throws Broken, IOException, InterruptedException {
    List<SlowFile> files = context.slowFiles(folder, "before", 2);
    Peer malformed = context.connect(program);
    malformed.send("read before0\nping\nnonsense\nping\n");
    Peer tooLong = context.connect(program);
    tooLong.send("read before1\nping\n" + "x".repeat(2 * LineReader.MAX_BYTES));
    for (SlowFile each : files) {
      each.expectReader();
    }
    malformed.expectSilence(context.time(SILENCE));
    tooLong.expectSilence(NO_TIME);
    for (SlowFile each : files) {
      each.release("");
    }
    malformed.expect(EMPTY_LINE + PONG + OffloadRequests.MALFORMED + "\n");
    malformed.expectFin();
    tooLong.expect(EMPTY_LINE + PONG + OffloadRequests.TOO_LONG + "\n");
    tooLong.expectFin();
  }

  /** Rule 14.23. */
  static void unfinished(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Instance program = program(context, folder);
    List<String> inputs =
        List.of("ping", "hash 1 x", "hash 1 x\r", "read file", "nonsense", "", "ping\nping");
    List<Peer> clients = new ArrayList<>();
    for (String each : inputs) {
      Peer client = context.connect(program);
      client.send(each);
      client.finishSending();
      clients.add(client);
    }
    for (int i = 0; i < inputs.size(); i++) {
      try {
        if (inputs.get(i).contains("\n")) {
          clients.get(i).expect(PONG);
        }
        clients.get(i).expectFin();
      } catch (Broken e) {
        throw e.at("%s and FIN, without LF".formatted(request(inputs.get(i), "").shown()));
      }
    }
  }

  /** Rule 14.11. */
  static void pipelined(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    int count = context.count(PIPELINED);
    byte[] requests = bytes("ping\n".repeat(count));
    byte[] answers = bytes(PONG.repeat(count));
    Peer client = context.connect(program);
    client.exchange(requests, answers);
    Peer late = context.connect(program);
    late.send(requests); // Its answers fit into the kernel's buffers, too.
    late.finishSending();
    client.exchange(requests, answers);
    late.expect(answers);
    late.expectFin();
  }
}
