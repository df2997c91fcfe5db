package iomodels.conformance;

import iomodels.service.Protocol;
import iomodels.service.Service;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A demand on a server, a client or a program that can be tested from outside.
 *
 * @param id section and number, such as {@code 4.01}; stable
 * @param level how binding the rule is; only a broken {@code MUST} prevents conformance
 * @param sentence the demand, in the third person and with an RFC 2119 word
 * @param why what goes wrong in practice without the rule, with a source where there is one
 * @param protocol the service that the rule is tested with, or the program that it applies to
 * @param others further services that the rule can be tested with, in order of preference: the kit
 *     uses the first one that the target provides
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
    List<Service> others,
    Set<Precondition> preconditions,
    Scheduling scheduling,
    Check check) {

  /** Refuses a rule without a reason. */
  public Rule {
    if (why.isBlank()) {
      throw new IllegalArgumentException("rule %s has no why".formatted(id));
    }
    others = List.copyOf(others);
  }

  /** Makes a rule that is tested with one service, or that applies to one program. */
  public Rule(
      String id,
      Level level,
      String sentence,
      String why,
      Protocol protocol,
      Set<Precondition> preconditions,
      Scheduling scheduling,
      Check check) {
    this(id, level, sentence, why, protocol, List.of(), preconditions, scheduling, check);
  }

  /**
   * Makes a rule that can be tested with each of several services.
   *
   * @param services the services in order of preference; at least one
   */
  public Rule(
      String id,
      Level level,
      String sentence,
      String why,
      List<Service> services,
      Set<Precondition> preconditions,
      Scheduling scheduling,
      Check check) {
    this(
        id,
        level,
        sentence,
        why,
        services.getFirst(),
        services.subList(1, services.size()),
        preconditions,
        scheduling,
        check);
  }

  /** Makes a rule for several services that can be tested in parallel with others. */
  public Rule(
      String id,
      Level level,
      String sentence,
      String why,
      List<Service> services,
      Set<Precondition> preconditions,
      Check check) {
    this(id, level, sentence, why, services, preconditions, Scheduling.PARALLEL, check);
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

  /** The requirement level of a rule (RFC 2119). */
  public enum Level {
    MUST,
    SHOULD
  }

  /** The time at which the kit tests a rule, relative to the other rules of the run. */
  public enum Scheduling {
    /** In parallel with other rules. */
    PARALLEL,
    /**
     * In parallel with other rules, which do not wait for it: the check waits most of the time. If
     * the server serves one client at a time, the check launches one of its own.
     */
    WAITING,
    /** While no other rule runs: the check observes a whole process. */
    ALONE,
    /**
     * While no other rule runs: the check measures time. A failed check is repeated, and then
     * compared with a control server.
     */
    TIMED
  }

  /** A condition that a target must meet for a rule to apply. */
  public enum Precondition {
    /** The server serves several clients at the same time. */
    CONCURRENT("serves one client at a time"),
    /** The server serves one client at a time. */
    SEQUENTIAL("serves clients at the same time"),
    /** The server still replies after the client's FIN. */
    HALF_CLOSE("does not claim HALF_CLOSE"),
    /** The server answers datagrams. */
    DATAGRAMS("does not claim DATAGRAMS"),
    /** The server answers a datagram from the address to which the datagram was sent. */
    REPLY_SOURCE("does not claim REPLY_SOURCE"),
    /** The kit can choose the address on which the server listens. */
    HOST("the kit cannot choose the address that it listens on"),
    /** This machine has IPv6. */
    IPV6("this machine has no IPv6"),
    /** The kit can start and stop the server. */
    LIFE("the kit did not start it"),
    /** The target runs in a process of its own, which the kit can observe in {@code /proc}. */
    PROCESS("the kit did not start it in a process of its own"),
    /** The kit can start the server with a limit on descriptors that its clients can exhaust. */
    LIMIT("the kit cannot limit its descriptors"),
    /** The kit can start the program in a process without other programs, and pause it. */
    PAUSE("the kit cannot start it alone in a process, to pause it"),
    /** The target declares its threads. */
    DECLARED("its threads are not declared"),
    /** The kernel or the runtime notifies the server; the server does not poll. */
    TOLD("it is a poller, which keeps a core busy"),
    /** The server is declared a poller. */
    POLLER("it is not declared a poller"),
    /** The kit can choose the time limit of the program, or knows it. */
    DEADLINE("the kit does not know its time limit"),
    /** The kit can choose the folder whose files the program serves. */
    FOLDER("the kit cannot choose its folder"),
    /** The HTTP server has the route {@code /upper}. */
    UPPER("it does not have /upper"),
    /** The HTTP server has the route {@code /sink}. */
    SINK("it does not have /sink"),
    /** The HTTP server has the route {@code /deny}. */
    DENY("it does not have /deny"),
    /** The HTTP server has the route {@code /bytes}. */
    BYTES("it does not have /bytes"),
    /** The HTTP server has the route {@code /slow}. */
    SLOW("it does not have /slow"),
    /** The HTTP server has the route {@code /ticker}. */
    TICKER("it does not have /ticker"),
    /** The HTTP server has the route {@code /files}. */
    FILES("it does not have /files");

    /** The reason to skip a rule that observes a process on a machine without {@code /proc}. */
    public static final String NO_PROC = "there is no /proc on this machine";

    private static final Set<Precondition> CAPABILITIES =
        EnumSet.of(CONCURRENT, HALF_CLOSE, DATAGRAMS, REPLY_SOURCE);

    private static final Set<Precondition> ROUTES = EnumSet.range(UPPER, FILES);

    private final String reasonToSkip;

    Precondition(String reasonToSkip) {
      this.reasonToSkip = reasonToSkip;
    }

    /**
     * Returns the preconditions that a user can waive, since not every server or program has to
     * meet them.
     */
    public static List<Precondition> waivable(boolean isProgram) {
      return isProgram
          ? Stream.concat(Stream.of(HALF_CLOSE), ROUTES.stream()).toList()
          : List.copyOf(CAPABILITIES);
    }

    /** Returns the reason for which a rule is skipped if the user waives this precondition. */
    public String reasonIfWaived() {
      return shown() + " is waived";
    }

    /** Returns the name for users: of a capability, such as HALF_CLOSE, or of a route. */
    public String shown() {
      return ROUTES.contains(this) ? "/" + name().toLowerCase(Locale.ROOT) : name();
    }

    /** Returns the reason for which a rule is skipped if this precondition is not met. */
    public String reasonToSkip() {
      return reasonToSkip;
    }
  }

  /** The test of a rule; it returns normally if the rule was kept. */
  @FunctionalInterface
  public interface Check {

    /**
     * Tests the rule once.
     *
     * @param context connections, bounds and randomness for this run of the test
     * @throws Broken if the rule was broken
     * @throws Inconclusive if the kit cannot tell
     * @throws Exception if the check itself fails; the verdict is ERROR
     */
    void run(TestContext context) throws Exception;
  }

  /**
   * Returns the services that the rule can be tested with, in order of preference; must not be
   * called for a program's rule.
   */
  public List<Service> services() {
    return Stream.concat(Stream.of((Service) protocol), others.stream()).toList();
  }

  /** Returns the number of the section: the part of the id before the dot. */
  public int section() {
    return Integer.parseInt(id.substring(0, id.indexOf('.')));
  }

  /** Returns whether a user's argument selects this rule: its id, {@code 4.01}, or its section. */
  public boolean is(String wanted) {
    return id.equals(wanted) || String.valueOf(section()).equals(wanted);
  }
}
