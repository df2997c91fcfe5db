package iomodels.conformance;

import iomodels.conformance.targets.Target;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;

/** Finds out what a target can do that nobody has claimed for it. */
final class Probe {

  private static final long PATIENCE_MILLIS = 700;

  private Probe() {}

  /** What was found, besides what is claimed, which the rules hold it to. */
  static Set<Capability> capabilities(
      Target target, Bounds bounds, Set<Capability> claimed, long seed)
      throws IOException, InterruptedException {
    Set<Capability> found = EnumSet.noneOf(Capability.class);
    found.addAll(claimed);
    Service service =
        Stream.of(Services.UPPER, Services.FIXED)
            .filter(target::serves)
            .findFirst()
            .orElse(Services.LINES);
    byte[] request =
        service.equals(Services.FLOOD) ? new byte[] {'1', '\n'} : new byte[] {'a', '\n'};
    Bounds quick = bounds.with(Bound.PATIENCE, PATIENCE_MILLIS);
    for (Capability capability : Capability.values()) {
      if (!claimed.contains(capability) && target.serves(service)) {
        try (Trial trial = new Trial(target, service, quick, seed)) {
          probe(capability, trial, request);
          found.add(capability);
        } catch (Broken _) {
          // it is not capable of it, or not today: then it is not held to it
        }
      }
    }
    return found;
  }

  private static void probe(Capability capability, Trial trial, byte[] request)
      throws Broken, IOException, InterruptedException {
    switch (capability) {
      case CONCURRENT -> {
        Peer silent = trial.connect();
        Peer other = trial.connect();
        other.send(request);
        other.expectSomething();
        silent.close();
      }
      case HALF_CLOSE -> {
        Peer peer = trial.connect();
        peer.send(request);
        peer.finishSending();
        peer.expectSomething();
      }
      case DATAGRAMS -> trial.datagrams().expectSomethingFor(request);
    }
  }
}
