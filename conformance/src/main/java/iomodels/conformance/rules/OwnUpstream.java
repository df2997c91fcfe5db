package iomodels.conformance.rules;

import iomodels.conformance.Broken;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.EndedAtStart;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/** Checks that a program with upstreams does not start as its own upstream. */
final class OwnUpstream {

  private OwnUpstream() {}

  static void demandRefused(TestContext context) throws Broken, IOException, InterruptedException {
    InetSocketAddress own = context.freeAddress();
    try {
      context.program(ProgramConfig.onLoopback(List.of(own)).at(own));
    } catch (IOException e) {
      if (e.getCause() instanceof EndedAtStart ended && ended.exitCode() == 0) {
        throw new Broken("an exit code other than 0", "it was 0, after " + e.getMessage());
      }
      context.note("sees the program refuse: " + e.getMessage());
      return;
    }
    throw new Broken(
        "a program that does not start with its own port %d for an upstream"
            .formatted(own.getPort()),
        "it listens");
  }
}
