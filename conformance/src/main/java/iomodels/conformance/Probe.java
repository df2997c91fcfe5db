package iomodels.conformance;

import iomodels.conformance.targets.Target;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.net.SocketException;
import java.util.EnumSet;
import java.util.Set;

/** Finds capabilities that a server has but does not claim. */
final class Probe {

  /** Short where the result is only a note, longer where it decides which rules apply. */
  private static final long PATIENCE_TO_NOTE = 700;

  private static final long PATIENCE_TO_DECIDE = 3_000;

  private Probe() {}

  /** Returns the claimed capabilities, and those that a probe finds besides. */
  static Set<Capability> capabilities(
      Target target, Bounds bounds, Set<Capability> claimed, long seed)
      throws IOException, InterruptedException {
    Set<Capability> found = EnumSet.noneOf(Capability.class);
    found.addAll(claimed);
    Service service = Services.all().stream().filter(target::serves).findFirst().orElseThrow();
    boolean decides = target.claims().isEmpty();
    Bounds quick = bounds.with(Bound.PATIENCE, decides ? PATIENCE_TO_DECIDE : PATIENCE_TO_NOTE);
    for (Capability capability : Capability.values()) {
      // A concurrent server that is taken for a sequential one breaks the rules for these.
      Bounds patient = decides && capability == Capability.CONCURRENT ? bounds : quick;
      if (!claimed.contains(capability) && target.serves(service)) {
        try (TestContext context = new TestContext(target, service, patient, seed)) {
          probe(capability, context);
          found.add(capability);
        } catch (Broken | SocketException _) {
          // not capable of it, or not now: the rules for this capability do not apply
        }
      }
    }
    return found;
  }

  private static void probe(Capability capability, TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] request = request(context.service());
    boolean answers = !context.service().equals(Services.DISCARD);
    switch (capability) {
      case CONCURRENT -> {
        // A server that serves several clients, but not beside a silent one, is not excused: so
        // the first client is not silent.
        Peer first = context.connect();
        first.send(request);
        if (answers) {
          first.expectSomething();
        }
        Peer second = context.connect();
        second.send(request);
        if (answers) {
          second.expectSomething();
        } else {
          second.finishSending();
          second.expectFin();
        }
        first.close();
      }
      case HALF_CLOSE -> {
        Peer peer = context.connect();
        peer.send(request);
        peer.finishSending();
        if (answers) {
          peer.expectSomething();
        } else {
          peer.expectFin();
        }
      }
      case DATAGRAMS -> {
        if (context.service().datagrams().isEmpty()) {
          throw new Broken("a service over UDP", "%s has none".formatted(context.service().name()));
        }
        context.datagrams().expectSomethingFor(request);
      }
      case REPLY_SOURCE ->
          throw new Broken("a claim", "only a server on a wildcard address shows this");
    }
  }

  private static byte[] request(Service service) {
    return service.equals(Services.FLOOD) ? new byte[] {'1', '\n'} : new byte[] {'a', '\n'};
  }
}
