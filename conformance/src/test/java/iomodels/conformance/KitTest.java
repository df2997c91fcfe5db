package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iomodels.conformance.Rule.Level;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.AddressTarget;
import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.Target;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What the engine makes of rules, targets and findings. */
class KitTest {

  private static Rule rule(Set<Precondition> preconditions, Rule.Check check) {
    return rule(preconditions, Scheduling.PARALLEL, check);
  }

  private static Rule rule(
      Set<Precondition> preconditions, Scheduling scheduling, Rule.Check check) {
    // An id of the contract: reports are in its order.
    return new Rule(
        "1.01",
        Level.MUST,
        "The server MUST be good.",
        "Bad servers fail.",
        Services.UPPER,
        preconditions,
        scheduling,
        check);
  }

  private static Finding finding(Level level, Verdict verdict) {
    Rule rule =
        new Rule(
            "1.01",
            level,
            "The server MUST be good.",
            "Bad servers fail.",
            Services.UPPER,
            Set.of(),
            _ -> {});
    return new Finding(rule, verdict, "for a reason", List.of(), Duration.ZERO, 1);
  }

  private static Finding judge(Rule rule) throws Exception {
    try (Control target = new Control(Services.UPPER)) {
      return new Kit(List.of(rule), Bounds.STANDARD, 1)
          .judge(target, _ -> {})
          .findings()
          .getFirst();
    }
  }

  @Test
  void aRuleNeedsAReason() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new Rule(
                    "1.01",
                    Level.MUST,
                    "The server MUST be good.",
                    " ",
                    Services.UPPER,
                    Set.of(),
                    _ -> {}))
        .withMessage("rule 1.01 has no why");
  }

  @Test
  void aServerThatIsTakenToBeSequentialGetsOneClientAtATime() throws Exception {
    Rule rule = rule(Set.of(), _ -> {});
    try (Control target = new Control(Services.UPPER);
        TestContext context =
            ServerExamination.of(
                    target, List.of(rule), Bounds.STANDARD, 1, Set.of(Precondition.CONCURRENT))
                .context(rule, Bounds.STANDARD, 1)) {
      assertThat(context.atOnce(20)).isEqualTo(1);
    }
  }

  @Test
  void theVerdictIsByWhatTheCheckThrows() throws Exception {
    assertThat(judge(rule(Set.of(), _ -> {})).verdict()).isEqualTo(Verdict.KEPT);

    Finding broken = judge(rule(Set.of(), _ -> fail("tea", "got coffee")));
    assertThat(broken.verdict()).isEqualTo(Verdict.BROKEN);
    assertThat(broken.detail()).isEqualTo("expected tea, but got coffee");

    Finding inconclusive = judge(rule(Set.of(), _ -> lackTool()));
    assertThat(inconclusive.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(inconclusive.detail()).isEqualTo("no mkfifo");

    Finding error = judge(rule(Set.of(), _ -> demandDescriptors()));
    assertThat(error.verdict()).isEqualTo(Verdict.ERROR);
    assertThat(error.detail()).isEqualTo("the check failed: java.io.IOException: no descriptors");
    assertThat(error.transcript()).anySatisfy(it -> assertThat(it).contains("demandDescriptors"));
  }

  private static void lackTool() throws Inconclusive {
    throw new Inconclusive("no mkfifo");
  }

  private static void fail(String expected, String actual) throws Broken {
    throw new Broken(expected, actual);
  }

  private static void demandDescriptors() throws IOException {
    throw new IOException("no descriptors");
  }

  @Test
  void whatTheControlServerMissesTooIsInconclusive() throws Exception {
    Finding finding =
        judge(rule(Set.of(), Scheduling.TIMED, _ -> fail("a quick reply", "it was slow")));
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(finding.detail()).endsWith("but so did the control server");
  }

  /** A machine that does the same to each try. */
  private record Disturbed(
      Optional<String> resets,
      Optional<String> shortage,
      Optional<String> pause,
      double takenByOthers)
      implements Machine, Machine.Watch {

    private static final Optional<String> NONE = Optional.empty();
    private static final Disturbed CALM = new Disturbed(NONE, NONE, NONE, 0);
    private static final Disturbed RESETTING =
        new Disturbed(Optional.of("connections were reset"), NONE, NONE, 0);
    private static final Disturbed SHORT =
        new Disturbed(NONE, Optional.of("memory was short"), NONE, 0);
    private static final Disturbed PAUSED =
        new Disturbed(NONE, NONE, Optional.of("the kit did not run"), 0);
    private static final Disturbed BUSY = new Disturbed(NONE, NONE, NONE, 0.9);

    @Override
    public Watch watch() {
      return this;
    }

    @Override
    public boolean isSaturated() {
      return takenByOthers == BUSY.takenByOthers;
    }
  }

  private static Finding judge(Rule rule, Machine machine) throws Exception {
    return judge(rule, List.of(machine));
  }

  /** Each try is on the next of these machines. */
  private static Finding judge(Rule rule, List<Machine> machines) throws Exception {
    Iterator<Machine> next = machines.iterator();
    try (Control target = new Control(Services.UPPER)) {
      return new Kit(List.of(rule), Bounds.STANDARD, 1)
          .judge(
              target,
              StopCondition.NONE,
              _ -> {},
              machines.size() == 1 ? machines.getFirst() : () -> next.next().watch())
          .findings()
          .getFirst();
    }
  }

  @Test
  void aLateMissWhileTheKernelIsShortOfMemoryIsInconclusive() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    Rule missed =
        rule(
            Set.of(),
            _ -> {
              tries.incrementAndGet();
              failLate();
            });
    Finding finding = judge(missed, Disturbed.SHORT);
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(finding.detail()).endsWith("; but memory was short");
    assertThat(tries).hasValue(3);
    assertThat(judge(rule(Set.of(), _ -> {}), Disturbed.SHORT).verdict()).isEqualTo(Verdict.KEPT);
  }

  @Test
  void aMissCountsAsSoonAsTheKernelHasMemoryAgain() throws Exception {
    Rule missed = rule(Set.of(), _ -> failLate());
    assertThat(judge(missed, List.of(Disturbed.SHORT, Disturbed.CALM)).verdict())
        .isEqualTo(Verdict.BROKEN);
  }

  @Test
  void aFailureWhileTheKernelResetsConnectionsDoesNotCount() throws Exception {
    Rule wrong = rule(Set.of(), _ -> fail("all of the data", "got Connection reset"));
    Finding finding = judge(wrong, Disturbed.RESETTING);
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(finding.detail()).endsWith("; but connections were reset");
    assertThat(judge(wrong, List.of(Disturbed.RESETTING, Disturbed.CALM)).verdict())
        .isEqualTo(Verdict.BROKEN);
    assertThat(judge(rule(Set.of(), _ -> {}), Disturbed.RESETTING).verdict())
        .isEqualTo(Verdict.KEPT);
  }

  @Test
  void wrongBytesBreakARuleWhateverTheMachineDoes() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    Rule wrong =
        rule(
            Set.of(),
            _ -> {
              tries.incrementAndGet();
              fail("tea", "got coffee");
            });
    assertThat(judge(wrong, Disturbed.SHORT).verdict()).isEqualTo(Verdict.BROKEN);
    assertThat(tries).hasValue(1);
  }

  @Test
  void aLateMissIsRepeatedOnceIfTheProcessorsAreBusy() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    Rule late =
        rule(
            Set.of(),
            _ -> {
              if (tries.incrementAndGet() == 1) {
                failLate();
              }
            });
    assertThat(judge(late, Disturbed.BUSY).verdict()).isEqualTo(Verdict.KEPT);
    assertThat(tries).hasValue(2);
    tries.set(0);
    assertThat(judge(late, Disturbed.CALM).verdict()).isEqualTo(Verdict.BROKEN);
    assertThat(tries).hasValue(1);
  }

  @Test
  void aPauseOfTheKitExcusesOnlyWhatDidNotComeInTime() throws Exception {
    Rule late = rule(Set.of(), _ -> failLate());
    assertThat(judge(late, Disturbed.PAUSED).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(judge(late, Disturbed.CALM).verdict()).isEqualTo(Verdict.BROKEN);
    Rule wrong = rule(Set.of(), _ -> fail("tea", "got coffee"));
    assertThat(judge(wrong, Disturbed.PAUSED).verdict()).isEqualTo(Verdict.BROKEN);
    Rule timed = rule(Set.of(), Scheduling.TIMED, _ -> fail("tea", "got coffee"));
    assertThat(judge(timed, Disturbed.PAUSED).detail()).endsWith("; but the kit did not run");
  }

  private static void failLate() throws Broken {
    throw Broken.late("tea", "nothing came").at("at five");
  }

  @Test
  void onABusyMachineAServerThatKeepsWiderBoundsIsOnlySlow() throws Exception {
    Rule slow =
        rule(
            Set.of(),
            context -> {
              long patience = context.time(Bound.PATIENCE).toMillis();
              // A tenth of the processors is left: work takes much longer.
              if (patience < 8 * Bound.PATIENCE.standard()) {
                failLate();
              }
            });
    Finding finding = judge(slow, Disturbed.BUSY);
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(finding.detail())
        .endsWith("; but it kept wider bounds, and other processes had 90 % of the processors");
    assertThat(judge(slow, Disturbed.CALM).verdict()).isEqualTo(Verdict.BROKEN);
    assertThat(judge(rule(Set.of(), _ -> failLate()), Disturbed.BUSY).verdict())
        .isEqualTo(Verdict.BROKEN);
  }

  @Test
  void whatTheKitLacksSaysNothingOfTheServer() throws Exception {
    for (String words : List.of("Too many open files", "No buffer space available")) {
      Rule rule =
          rule(
              Set.of(),
              _ -> {
                throw new SocketException(words);
              });
      assertThat(judge(rule).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
      assertThat(judge(rule).detail()).isEqualTo("the kit cannot open a socket: " + words);
    }
    Rule bind =
        rule(
            Set.of(),
            _ -> {
              throw new BindException("Address already in use");
            });
    assertThat(judge(bind).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(judge(bind).detail()).endsWith("for a minute (TIME_WAIT)");
  }

  @Test
  void rulesThatRunAloneRunAfterAllOthers() throws Exception {
    AtomicInteger running = new AtomicInteger();
    List<Integer> besideAlone = Collections.synchronizedList(new ArrayList<>());
    Rule.Check alone =
        _ -> {
          besideAlone.add(running.get());
        };
    Rule.Check parallel =
        _ -> {
          running.incrementAndGet();
          TimeUnit.MILLISECONDS.sleep(20);
          running.decrementAndGet();
        };
    List<Rule> rules =
        List.of(
            rule(Set.of(), Scheduling.ALONE, alone),
            rule(Set.of(), Scheduling.PARALLEL, parallel),
            rule(Set.of(), Scheduling.TIMED, alone),
            rule(Set.of(), Scheduling.PARALLEL, parallel));
    try (Control target = new Control(Services.UPPER)) {
      new Kit(rules, Bounds.STANDARD, 1).judge(target, _ -> {});
    }
    assertThat(besideAlone).containsExactly(0, 0);
  }

  @Test
  void whatDoesNotApplyIsSkippedWithItsReason() throws Exception {
    Finding finding = judge(rule(Set.of(Precondition.LIFE), _ -> {}));
    assertThat(finding.verdict()).isEqualTo(Verdict.SKIPPED);
    assertThat(finding.detail()).isEqualTo("the kit did not start it");
  }

  @Test
  void whereNothingIsClaimedTheReasonToSkipIsWhatTheProbeFound() throws Exception {
    Rule rule = rule(Set.of(Precondition.DATAGRAMS), _ -> {});
    try (Control server = new Control(Services.UPPER);
        AddressTarget target =
            new AddressTarget(server.shared(Services.UPPER), Services.UPPER, Optional.empty())) {
      Examination unclaimed =
          ServerExamination.of(target, List.of(rule), Bounds.STANDARD, 1, Set.of());
      assertThat(unclaimed.reasonToSkip(rule)).isEqualTo("nothing answered the probe by UDP");
    }
    assertThat(judge(rule).detail()).isEqualTo("does not claim DATAGRAMS");
  }

  @Test
  void aTargetThatDoesNotComeUpIsAnErrorInItsOwnWords() {
    Kit kit = new Kit(Rules.all(), Bounds.STANDARD, 1);
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> kit.judge(new Absent(), _ -> {}))
        .withMessage("it did not come up: no such file");
  }

  @Test
  void aServerThatEndsDuringACheckBreaksTheRule() throws Exception {
    String ended = "expected a server that keeps running, but it " + Crashing.END;
    assertThat(brokenByCrash(context -> context.launch(0))).isEqualTo(ended);
    assertThat(brokenByCrash(TestContext::server)).isEqualTo(ended);
    assertThat(
            brokenByCrash(
                context -> {
                  context.launch(0);
                  demandDescriptors();
                }))
        .isEqualTo(ended);
    assertThat(
            brokenByCrash(
                context -> {
                  context.launch(0);
                  fail("tea", "got coffee");
                }))
        .isEqualTo("expected tea, but got coffee; the server " + Crashing.END);
  }

  private static String brokenByCrash(Rule.Check check) throws Exception {
    Finding finding =
        new Kit(List.of(rule(Set.of(), check)), Bounds.STANDARD, 1)
            .judge(new Crashing(), _ -> {})
            .findings()
            .getFirst();
    assertThat(finding.verdict()).isEqualTo(Verdict.BROKEN);
    return finding.detail();
  }

  @Test
  void aServerThatCannotBeLaunchedForARuleIsInconclusive() throws Exception {
    Rule rule = rule(Set.of(), context -> context.launchWithin(9));
    Finding finding =
        new Kit(List.of(rule), Bounds.STANDARD, 1)
            .judge(new Crashing(), _ -> {})
            .findings()
            .getFirst();

    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(finding.detail()).isEqualTo("no such file");
  }

  /** Its servers have ended already. */
  private record Crashing() implements Target {

    static final String END = "ended with exit code 3: out of luck";

    @Override
    public String name() {
      return "crashing";
    }

    @Override
    public Optional<Set<Capability>> claims() {
      return Optional.of(Set.of());
    }

    @Override
    public boolean serves(Service service) {
      return true;
    }

    @Override
    public boolean launchable() {
      return true;
    }

    @Override
    public InetSocketAddress shared(Service service) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    }

    @Override
    public Optional<String> crash(InetSocketAddress shared, Duration within) {
      return Optional.of(END);
    }

    @Override
    public Instance launch(Service service, int port) {
      return new Ended(shared(service));
    }

    @Override
    public Instance launchWithin(Service service, int descriptors) throws IOException {
      throw new IOException("no such file");
    }

    @Override
    public void close() {}
  }

  private record Ended(InetSocketAddress address) implements Instance {
    @Override
    public Optional<String> crash(Duration within) {
      return Optional.of(Crashing.END);
    }

    @Override
    public void stop() {}

    @Override
    public boolean awaitEnd(Duration within) {
      return true;
    }

    @Override
    public void close() {}
  }

  private record Absent() implements Target {
    @Override
    public String name() {
      return "absent";
    }

    @Override
    public Optional<Set<Capability>> claims() {
      return Optional.empty();
    }

    @Override
    public boolean serves(Service service) {
      return true;
    }

    @Override
    public boolean launchable() {
      return false;
    }

    @Override
    public InetSocketAddress shared(Service service) throws IOException {
      throw new IOException("it did not come up: no such file");
    }

    @Override
    public Instance launch(Service service, int port) throws IOException {
      throw new IOException("it did not come up: no such file");
    }

    @Override
    public void close() {}
  }

  @Test
  void aThoroughKitTriesWithOneSeedAfterAnotherUntilARuleIsBroken() throws Exception {
    Set<Long> numbers = new LinkedHashSet<>();
    Rule rule =
        rule(
            Set.of(),
            context -> {
              numbers.add(context.random().nextLong());
              if (numbers.size() == 3) {
                fail("tea", "got coffee");
              }
            });
    try (Control target = new Control(Services.UPPER)) {
      Kit kit = new Kit(List.of(rule), Bounds.THOROUGH, 1, 5);
      Finding finding = kit.judge(target, _ -> {}).findings().getFirst();

      assertThat(finding.verdict()).isEqualTo(Verdict.BROKEN);
      assertThat(finding.seed()).isEqualTo(3);
      assertThat(numbers).hasSize(3);
    }
  }

  @Test
  void aReportSumsUp() {
    assertThat(outcome(false)).as("nothing tried").isEqualTo(Verdict.INCONCLUSIVE);
    Finding kept = finding(Level.MUST, Verdict.KEPT);
    Finding skipped = finding(Level.MUST, Verdict.SKIPPED);
    Finding inconclusive = finding(Level.MUST, Verdict.INCONCLUSIVE);
    Finding broken = finding(Level.MUST, Verdict.BROKEN);
    Finding should = finding(Level.SHOULD, Verdict.BROKEN);
    assertThat(outcome(false, skipped)).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(outcome(false, kept, skipped)).isEqualTo(Verdict.KEPT);
    assertThat(outcome(false, kept, skipped, skipped)).isEqualTo(Verdict.KEPT);
    assertThat(outcome(false, kept, skipped, skipped, skipped))
        .as("less than a third tried")
        .isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(outcome(false, kept, inconclusive)).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(outcome(false, kept, inconclusive, broken)).isEqualTo(Verdict.BROKEN);
    assertThat(outcome(false, kept, should)).isEqualTo(Verdict.KEPT);
    assertThat(outcome(true, kept, should)).isEqualTo(Verdict.BROKEN);
    Finding error = finding(Level.MUST, Verdict.ERROR);
    assertThat(outcome(false, kept, error, inconclusive)).isEqualTo(Verdict.ERROR);
    assertThat(outcome(false, error, broken)).isEqualTo(Verdict.BROKEN);
  }

  private static Verdict outcome(boolean strict, Finding... findings) {
    return new Report("it", List.of(findings), List.of()).outcome(strict);
  }

  @Test
  void rulesMatchByIdAndBySection() {
    assertThat(Rules.matching(List.of("4.01"))).extracting(Rule::id).containsExactly("4.01");
    assertThat(Rules.matching(List.of("9", "4.01")))
        .extracting(Rule::id)
        .startsWith("4.01", "9.01");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Rules.matching(List.of("4.0")))
        .withMessageStartingWith("no rule 4.0; there are 1.01 ");
  }

  @Test
  void boundsAreReadFromText() {
    Bounds bounds = Bounds.STANDARD.with("clients-in-turn = 7");
    assertThat(bounds.count(Bound.CLIENTS_IN_TURN)).isEqualTo(7);
    assertThat(bounds.time(Bound.SILENCE)).isEqualTo(Duration.ofMillis(300));
    for (String wrong : List.of("CLIENTS=many", "CLIENTS=0", "CLIENT=1", "CLIENTS")) {
      assertThatIllegalArgumentException().isThrownBy(() -> Bounds.STANDARD.with(wrong));
    }
  }

  @Test
  void aTranscriptKeepsItsHeadAndItsTail() {
    Transcript transcript = new Transcript();
    for (int i = 1; i <= 1000; i++) {
      transcript.add("#1", "says " + i);
    }
    List<String> lines = transcript.lines();
    assertThat(lines).hasSizeLessThan(60);
    assertThat(lines.getFirst()).endsWith("says 1");
    assertThat(lines.getLast()).endsWith("says 1000");
    assertThat(lines).anySatisfy(line -> assertThat(line).contains("952 more"));
  }

  @Test
  void aRunOfLikeEventsIsOneLineOfATranscript() {
    Transcript transcript = new Transcript();
    for (int i = 0; i < 220; i++) {
      byte[] bytes = new byte[16_384];
      bytes[0] = (byte) i;
      transcript.add("#1", "sends", bytes, 0, bytes.length);
    }
    for (int i = 1; i <= 300; i++) {
      transcript.add("#" + i, "connected");
    }
    transcript.add("kit", "waits");
    transcript.add("kit", "waits");
    for (byte each : new byte[] {'a', 'b'}) {
      transcript.add("#1", "sends", new byte[] {each}, 0, 1);
    }

    List<String> lines = transcript.lines();
    assertThat(lines).hasSize(5);
    assertThat(lines.get(0))
        .containsPattern("ms  #1   sends 220 × 16,384 bytes \"\\\\x00.*\"…, until [0-9.]+ ms$");
    assertThat(lines.get(1)).containsPattern("ms  #1-#300 connected, until [0-9.]+ ms$");
    assertThat(lines.get(2)).contains("kit  2 × waits, until");
    assertThat(lines.get(3)).endsWith("#1   sends 1 byte \"a\"");
    assertThat(lines.get(4)).endsWith("#1   sends 1 byte \"b\"");
  }
}
