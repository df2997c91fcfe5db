package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.answerAll;
import static iomodels.conformance.rules.Section12Gather.answerEach;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whether gather ends its calls when the client for which it has made them is gone. */
final class GatherLeaving {

  private static final List<String> KINDS = List.of("all", "first");

  /** Longer than a question. */
  private static final int SOME_BYTES = 100;

  private GatherLeaving() {}

  /** Rule 12.10. */
  static void cancels(TestContext context) throws Broken, IOException, InterruptedException {
    List<Backend> backends = List.of(context.backend(), context.backend());
    Instance program = program(context, NEVER, backends.toArray(Backend[]::new));
    for (String kind : KINDS) {
      Peer client = context.connect(program);
      client.send(kind + " tea\n");
      demandCancelled(context, client, backends, "tea");
    }
    Peer retries = context.connect(program);
    answerAll(retries, backends, "first retry\n", "error not yet\n");
    try {
      demandCancelled(context, retries, backends, "retry");
    } catch (Broken e) {
      throw e.at("during a retry");
    }
    for (String kind : KINDS) {
      Peer again = context.connect(program);
      answerAll(again, backends, "all one\n", "here\n");
      again.expect("ok here\nok here\n");
      again.send(kind + " two\n");
      try {
        demandCancelled(context, again, backends, "two");
      } catch (Broken e) {
        throw e.at("the second request of a connection");
      }
      Peer pipelines = context.connect(program);
      pipelines.send("all one\n" + kind + " two\n");
      answerEach(backends, "one", "here\n");
      pipelines.expect("ok here\nok here\n");
      try {
        demandCancelled(context, pipelines, backends, "two");
      } catch (Broken e) {
        throw e.at("the second of two requests that were sent together");
      }
    }
    leavesBeforeTheAnswer(context);
  }

  /** Accepts the calls of a request, resets its client, and demands that the calls end. */
  private static void demandCancelled(
      TestContext context, Peer client, List<Backend> backends, String question)
      throws Broken, IOException {
    List<Peer> calls = new ArrayList<>();
    for (Backend each : backends) {
      calls.add(asked(each, question));
    }
    client.reset();
    for (Peer each : calls) {
      each.expectEnd(context.time(CLOSE));
      each.close();
    }
  }

  /** A client that resets before the answer to the first of its two requests. */
  private record Gone(Backend backend, String who) {}

  /**
   * A program that has read FIN, or that has a request left to read, may learn of a reset only when
   * it answers. If it has begun the next request by then, it has to cancel that.
   */
  private static void leavesBeforeTheAnswer(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Gone> all = new ArrayList<>();
    for (String kind : KINDS) {
      for (boolean finishes : List.of(true, false)) {
        Backend backend = context.backend();
        Peer client = context.connect(program(context, NEVER, backend));
        client.send("all one\n" + kind + " two\n");
        if (finishes) {
          client.finishSending();
        }
        try (Peer call = asked(backend, "one")) {
          client.reset();
          call.sendUnlessReset("here\n".getBytes(US_ASCII));
        }
        all.add(new Gone(backend, finishes ? "reset after its FIN" : "reset"));
      }
    }
    Duration time = context.time(SILENCE);
    for (Gone each : all) {
      try {
        Optional<Peer> next = each.backend.acceptWithin(time);
        if (next.isPresent()) {
          next.get().readToEnd(SOME_BYTES);
        }
      } catch (Broken e) {
        throw e.at("the next request of a client that has " + each.who);
      }
      time = Duration.ofMillis(1); // The others have had the same time.
    }
  }
}
