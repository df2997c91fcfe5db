package iomodels.conformance.rules;

import iomodels.conformance.Rule;
import iomodels.program.Program;
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

  private static final List<Rule> OF_PROGRAMS =
      Stream.of(RelayRules.ALL, GatherRules.ALL, ChatRules.ALL, OffloadRules.ALL)
          .flatMap(List::stream)
          .toList();

  private Rules() {}

  /** All for servers. */
  public static List<Rule> all() {
    return ALL;
  }

  /** All for that program. */
  public static List<Rule> of(Program program) {
    return OF_PROGRAMS.stream().filter(it -> it.protocol().equals(program)).toList();
  }

  /** All for clients. */
  public static List<Rule> ofClients() {
    return ClientRules.ALL;
  }
}
