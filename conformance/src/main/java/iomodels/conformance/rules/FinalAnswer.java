package iomodels.conformance.rules;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.time.Duration;

/** Checks the last answer of a conversation, and that FIN follows it. */
final class FinalAnswer {

  /** Time for the server to read what has been sent, so that it reads FIN separately. */
  private static final Duration BEFORE_FIN = Duration.ofMillis(20);

  private FinalAnswer() {}

  static void demandRefusal(TestContext context, String what, String request, String answer)
      throws Broken, IOException, InterruptedException {
    demandRefusal(context, what, request.getBytes(UTF_8), answer.getBytes(UTF_8));
  }

  /** Sends a request on a connection of its own, and demands this answer and FIN. */
  static void demandRefusal(TestContext context, String what, byte[] request, byte[] answer)
      throws Broken, IOException, InterruptedException {
    try (Peer peer = context.connect()) {
      peer.send(request);
      peer.expect(answer);
      peer.expectFinDespite("3\n");
    } catch (Broken e) {
      throw e.at(what);
    }
  }

  /** Sends input and FIN, at once or one after the other; demands this answer and FIN. */
  static void demandUntilFin(TestContext context, Sample input, byte[] answer, boolean finLater)
      throws Broken, IOException, InterruptedException {
    try (Peer peer = context.connect()) {
      peer.send(input.bytes());
      if (finLater) {
        peer.pause(BEFORE_FIN);
      }
      peer.finishSending();
      peer.expect(answer);
      peer.expectFin();
    } catch (Broken e) {
      throw e.at(input.name() + ", then FIN");
    }
  }
}
