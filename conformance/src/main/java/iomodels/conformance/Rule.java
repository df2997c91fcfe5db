package iomodels.conformance;

import iomodels.service.Protocol;
import iomodels.service.Service;
import java.util.Set;

/**
 * A demand on a server, a client or a program that can be tested from outside.
 *
 * @param id section and number, such as {@code 4.01}; stable
 * @param level how binding the rule is; only a broken {@code MUST} prevents conformance
 * @param sentence the demand, in the third person and with an RFC 2119 word
 * @param why what goes wrong in practice without the rule, with a source where there is one
 * @param protocol the service that the rule is tested with, or the program that it applies to
 * @param preconditions what must be true of a target for the rule to apply
 * @param scheduling when the kit tests the rule, relative to other rules
 * @param check tests the rule
 */
public record Rule(
    String id,
    Level level,
    String sentence,
    String why,
    Protocol protocol,
    Set<Precondition> preconditions,
    Scheduling scheduling,
    Check check) {

  /** Refuses a rule without a reason. */
  public Rule {
    if (why.isBlank()) {
      throw new IllegalArgumentException("rule %s has no why".formatted(id));
    }
  }

  /** Makes a rule that can be tested in parallel with others. */
  public Rule(
      String id,
      Level level,
      String sentence,
      String why,
      Protocol protocol,
      Set<Precondition> preconditions,
      Check check) {
    this(id, level, sentence, why, protocol, preconditions, Scheduling.PARALLEL, check);
  }

  /** How binding a rule is (RFC 2119). */
  public enum Level {
    MUST,
    SHOULD
  }

  /** When the kit tests a rule, relative to the other rules of the same run. */
  public enum Scheduling {
    /** In parallel with other rules. */
    PARALLEL,
    /** While no other rule runs: the check observes a whole process. */
    ALONE,
    /**
     * While no other rule runs: the check measures time. A failed check is repeated, and then
     * compared with a control server.
     */
    TIMED
  }

  /** What must be true of a target for a rule to apply. */
  public enum Precondition {
    /** It serves clients at the same time. */
    CONCURRENT("serves one client at a time"),
    /** It serves them one after the other. */
    SEQUENTIAL("serves clients at the same time"),
    /** It replies to a client that has finished sending. */
    HALF_CLOSE("does not claim HALF_CLOSE"),
    /** It answers UDP. */
    DATAGRAMS("does not claim DATAGRAMS"),
    /** It answers a datagram from the address that it was sent to. */
    REPLY_SOURCE("does not claim REPLY_SOURCE"),
    /** The kit can choose the address that it listens on. */
    HOST("the kit cannot choose the address that it listens on"),
    /** This machine has IPv6. */
    IPV6("this machine has no IPv6"),
    /** The kit can start it and stop it. */
    LIFE("the kit did not start it"),
    /** It runs in a process of its own, which the kit can see: in {@code /proc}. */
    PROCESS("the kit did not start it in a process of its own"),
    /** The kit can start it with a limit on descriptors, which its clients can exhaust. */
    LIMIT("the kit cannot limit its descriptors"),
    /** The kit can start it in a process in which nothing else runs, and can pause that. */
    PAUSE("the kit cannot start it in a process of its own, to pause that"),
    /** It is declared what threads it has. */
    DECLARED("nobody has declared what threads it has"),
    /** It is told when it can go on. */
    TOLD("it is a poller, which burns its core"),
    /** It is a declared poller. */
    POLLER("it is not declared a poller");

    /** Why a rule that looks at a process is skipped on a machine without {@code /proc}. */
    public static final String NO_PROC = "there is no /proc on this machine";

    private final String otherwise;

    Precondition(String otherwise) {
      this.otherwise = otherwise;
    }

    /** Why a rule with this need is skipped. */
    public String otherwise() {
      return otherwise;
    }
  }

  /** Tries a rule: returns normally if it was kept. */
  @FunctionalInterface
  public interface Check {

    /**
     * Tries it once.
     *
     * @param context connections, bounds and randomness for this one try
     * @throws Broken if the rule was broken
     * @throws Inconclusive if the kit cannot tell
     * @throws Exception if the check itself fails, which is an ERROR
     */
    void run(TestContext context) throws Exception;
  }

  /** The service that it is tried on; it must not be a rule for a program. */
  public Service service() {
    return (Service) protocol;
  }

  /** The number before the dot. */
  public int section() {
    return Integer.parseInt(id.substring(0, id.indexOf('.')));
  }

  /** Whether a user means this rule: by its id, {@code 4.01}, or by its section, {@code 4}. */
  public boolean is(String wanted) {
    return id.equals(wanted) || String.valueOf(section()).equals(wanted);
  }
}
