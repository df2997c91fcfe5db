package iomodels.conformance;

import iomodels.conformance.targets.Client;
import iomodels.service.Service;
import java.util.concurrent.Semaphore;

/** A client, which is started anew for each rule, one at a time. */
record ClientExamination(Client client, Semaphore one) implements Examination {

  ClientExamination(Client client) {
    this(client, new Semaphore(1, true));
  }

  @Override
  public String reasonToSkip(Rule rule) {
    return "";
  }

  @Override
  public Semaphore permits(Rule rule) {
    return one;
  }

  @Override
  public TestContext context(Rule rule, Bounds bounds, long seed) {
    return new TestContext(client, (Service) rule.protocol(), bounds, seed);
  }
}
