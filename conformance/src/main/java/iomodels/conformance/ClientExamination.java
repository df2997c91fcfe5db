package iomodels.conformance;

import iomodels.conformance.targets.Client;
import iomodels.service.Service;
import java.util.concurrent.Semaphore;

/** A client, which is started anew for each rule, and connects to a port of that rule. */
record ClientExamination(Client client, Semaphore permits) implements Examination {

  private static final int PARALLEL = 3;

  ClientExamination(Client client) {
    this(client, new Semaphore(PARALLEL, true));
  }

  @Override
  public String reasonToSkip(Rule rule) {
    return "";
  }

  @Override
  public Semaphore permits(Rule rule) {
    return permits;
  }

  @Override
  public TestContext context(Rule rule, Bounds bounds, long seed) {
    return new TestContext(client, (Service) rule.protocol(), bounds, seed);
  }
}
