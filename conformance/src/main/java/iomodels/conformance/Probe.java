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
    byte[] request =
        service.equals(Services.FLOOD) ? new byte[] {'1', '\n'} : new byte[] {'a', '\n'};
    boolean decides = target.claims().isEmpty();
    Bounds quick = bounds.with(Bound.PATIENCE, decides ? PATIENCE_TO_DECIDE : PATIENCE_TO_NOTE);
    for (Capability capability : Capability.values()) {
      // A concurrent server that is taken for a sequential one breaks the rules for these.
      Bounds patient = decides && capability == Capability.CONCURRENT ? bounds : quick;
      if (!claimed.contains(capability) && target.serves(service)) {
        try (TestContext context = new TestContext(target, service, patient, seed)) {
          probe(capability, context, request);
          found.add(capability);
        } catch (Broken | SocketException _) {
          // not capable of it, or not now: the rules for this capability do not apply
        }
      }
    }
    return found;
  }

  private static void probe(Capability capability, TestContext context, byte[] request)
      throws Broken, IOException, InterruptedException {
    switch (capability) {
      case CONCURRENT -> {
        Peer silent = context.connect();
        Peer other = context.connect();
        other.send(request);
        other.expectSomething();
        silent.close();
      }
      case HALF_CLOSE -> {
        Peer peer = context.connect();
        peer.send(request);
        peer.finishSending();
        peer.expectSomething();
      }
      case DATAGRAMS -> context.datagrams().expectSomethingFor(request);
      case REPLY_SOURCE ->
          throw new Broken("a claim", "only a server on a wildcard address shows this");
    }
  }
}
