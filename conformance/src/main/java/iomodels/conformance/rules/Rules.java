package iomodels.conformance.rules;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Rule;
import iomodels.program.Program;
import java.util.List;
import java.util.stream.Stream;

/** All rules, in the order of the contract. */
public final class Rules {

  private static final List<Rule> ALL =
      Stream.of(
              Section01Bytes.ALL,
              Section02Streams.ALL,
              Section03Services.ALL,
              Section04Closing.ALL,
              Section05BackPressure.ALL,
              Section06ManyClients.ALL,
              Section07Datagrams.ALL,
              Section08Resources.ALL,
              Section09LifeCycle.ALL)
          .flatMap(List::stream)
          .toList();

  private static final List<Rule> OF_PROGRAMS =
      Stream.of(
              Section11Relay.ALL,
              Section12Gather.ALL,
              Section13Chat.ALL,
              Section14Offload.ALL,
              Section15Http.ALL)
          .flatMap(List::stream)
          .toList();

  private Rules() {}

  /** Returns the rules for servers, in the order of the contract. */
  public static List<Rule> all() {
    return ALL;
  }

  /** Returns the rules for a program, in the order of the contract. */
  public static List<Rule> of(Program program) {
    return OF_PROGRAMS.stream().filter(it -> it.protocol().equals(program)).toList();
  }

  /** Returns the rules for clients, in the order of the contract. */
  public static List<Rule> ofClients() {
    return Section10Clients.ALL;
  }

  /**
   * Returns the rules for servers that have one of these ids, or are in one of these sections.
   *
   * @throws IllegalArgumentException if there is no rule with an id; the message is for the user
   */
  public static List<Rule> matching(List<String> ids) {
    return matching(ALL, ids);
  }

  /** Selects rules from a list, like {@link #matching(List)}. */
  public static List<Rule> matching(List<Rule> rules, List<String> ids) {
    for (String id : ids) {
      if (rules.stream().noneMatch(rule -> rule.is(id))) {
        throw new IllegalArgumentException(
            "no rule %s; there are %s"
                .formatted(id, rules.stream().map(Rule::id).collect(joining(" "))));
      }
    }
    return rules.stream().filter(rule -> ids.stream().anyMatch(rule::is)).toList();
  }
}
