package iomodels.conformance.rules;

import iomodels.conformance.Rule;
import java.util.List;
import java.util.stream.Stream;

/** All rules, in the order of the contract. */
public final class Rules {

  private static final List<Rule> ALL =
      Stream.of(
              ByteRules.ALL,
              StreamRules.ALL,
              ServiceRules.ALL,
              ClosingRules.ALL,
              BackPressureRules.ALL,
              ManyClientsRules.ALL,
              DatagramRules.ALL,
              ResourceRules.ALL,
              LifeRules.ALL)
          .flatMap(List::stream)
          .toList();

  private Rules() {}

  /** All for servers. */
  public static List<Rule> all() {
    return ALL;
  }

  /** All for clients. */
  public static List<Rule> ofClients() {
    return ClientRules.ALL;
  }
}
