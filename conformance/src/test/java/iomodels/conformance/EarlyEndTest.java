package iomodels.conformance;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Rule.Level;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ProgramAddressTarget;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Target;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests what ends a run before all rules have been tested. */
@Timeout(60)
class EarlyEndTest {

  private static final String NOT_TRIED = "not tried: --fail-fast";

  /** A silent server ends each wait with this bound. */
  private static final Bounds QUICK =
      Bounds.STANDARD.with(Bound.PATIENCE, 400).with(Bound.SILENCE, 50);

  private static Rule rule(String id, Level level, Rule.Check check) {
    return new Rule(id, level, "The server MUST be good.", "Why.", Services.UPPER, Set.of(), check);
  }

  private static void fail() throws Broken {
    throw new Broken("tea", "got coffee");
  }

  private static Report judge(StopCondition stop, Rule... rules) throws Exception {
    try (Control target = new Control(Services.UPPER)) {
      return new Kit(List.of(rules), Bounds.STANDARD, 1).judge(target, stop, _ -> {});
    }
  }

  @Test
  void theFirstFailureCancelsTheOtherRules() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    Rule waits =
        rule(
            "1.01",
            Level.MUST,
            _ -> {
              running.countDown();
              try {
                TimeUnit.MINUTES.sleep(1);
              } finally {
                cancelled.countDown();
              }
            });
    Rule breaks =
        rule(
            "1.02",
            Level.MUST,
            _ -> {
              running.await();
              fail();
            });
    Report report = judge(StopCondition.NONE.atFailure(false, NOT_TRIED), waits, breaks);

    assertThat(cancelled.getCount()).isZero();
    assertThat(report.findings())
        .extracting(Finding::verdict)
        .containsExactly(Verdict.SKIPPED, Verdict.BROKEN);
    assertThat(report.findings().getFirst().detail()).isEqualTo(NOT_TRIED);
    assertThat(report.notes()).contains("1 rule: " + NOT_TRIED);
    assertThat(report.outcome(false)).isEqualTo(Verdict.BROKEN);
  }

  @Test
  void aBrokenShouldEndsAStrictRunOnly() throws Exception {
    Rule should = rule("1.01", Level.SHOULD, _ -> fail());
    Rule alone =
        new Rule(
            "1.02",
            Level.MUST,
            "The server MUST be good.",
            "Why.",
            Services.UPPER,
            Set.of(),
            Rule.Scheduling.ALONE,
            _ -> {});

    assertThat(judge(StopCondition.NONE.atFailure(false, NOT_TRIED), should, alone).findings())
        .extracting(Finding::verdict)
        .containsExactly(Verdict.BROKEN, Verdict.KEPT);
    assertThat(judge(StopCondition.NONE.atFailure(true, NOT_TRIED), should, alone).findings())
        .extracting(Finding::verdict)
        .containsExactly(Verdict.BROKEN, Verdict.SKIPPED);
  }

  @Test
  void theTimeLimitInterruptsAPeerThatWaits() throws Exception {
    CompletableFuture<Exception> interrupted = new CompletableFuture<>();
    Rule waits =
        rule(
            "1.02",
            Level.MUST,
            context -> {
              try {
                context.connect().expectSomething();
              } catch (Exception e) {
                interrupted.complete(e);
                throw e;
              }
            });
    Report report = judge(StopCondition.NONE.after(Duration.ofSeconds(2), "it was over"), waits);

    assertThat(report.findings())
        .singleElement()
        .extracting(Finding::verdict)
        .isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(report.findings().getFirst().detail()).isEqualTo("it was over");
    // On a very slow machine the check has not begun.
    assertThat(interrupted.getNow(new InterruptedException("not begun")))
        .hasMessageNotContaining("nothing came for");
  }

  @Test
  void aLimitThatIsOverStartsNothing() throws Exception {
    StopCondition over = StopCondition.NONE.after(Duration.ZERO, "it was over");
    List<String> started = Collections.synchronizedList(new ArrayList<>());
    over.limit(() -> started.add("preparation"));
    Report report = judge(over, rule("1.01", Level.MUST, _ -> started.add("rule")));

    assertThat(started).isEmpty();
    assertThat(report.outcome(false)).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void aServerOfAnotherProtocolIsNotJudgedByTheOtherRules() throws Exception {
    assertThat(mismatch(Script.ECHO)).isEqualTo("it echoes; try --service echo");
    assertThat(mismatch(Script.SILENT)).startsWith("it answers nothing; ");
    assertThat(mismatch(Script.GREETING))
        .startsWith("it speaks first: 11 bytes \"220 ready\\r\\n\"");
    assertThat(mismatch(Script.HTTP)).isEqualTo("it speaks HTTP; try --program http");
    assertThat(mismatch(Script.LINES)).endsWith("only whole lines; try --service lines");
    assertThat(mismatch(Script.ECHOED_LINES)).startsWith("it answers only whole lines: 41 bytes");
    assertThat(mismatch(Script.CLOSES)).isEqualTo("it closes the connection without an answer");
    assertThat(mismatch(Script.CONSTANT)).endsWith("try --service fixed");
    assertThat(mismatch(Script.SHRUG)).startsWith("it answers 4 bytes \"what\"; name a service");
  }

  private static String mismatch(Script script) throws Exception {
    Report report = judge(script, Rules.matching(List.of("1")));
    String reason = "the server does not serve upper: ";

    assertThat(report.outcome(false)).as(script.name()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(report.findings()).extracting(Finding::verdict).containsOnly(Verdict.SKIPPED);
    String detail = report.findings().getFirst().detail();
    assertThat(report.notes())
        .containsExactly("%d rules: %s".formatted(report.findings().size(), detail));
    assertThat(detail).startsWith(reason);
    return detail.substring(reason.length());
  }

  @Test
  void aServerThatIsNotTheProgramIsDetected() throws Exception {
    assertThat(mismatch(Programs.HTTP, Script.ECHO, Bounds.STANDARD))
        .hasValueSatisfying(it -> assertThat(it).startsWith("it does not speak HTTP: it answers "));
    assertThat(mismatch(Programs.CHAT, Script.HTTP, Bounds.STANDARD))
        .hasValue("it speaks HTTP; try --program http");
    assertThat(mismatch(Programs.OFFLOAD, Script.ECHO, Bounds.STANDARD))
        .hasValueSatisfying(it -> assertThat(it).startsWith("it echoes; try --service echo"));
    assertThat(mismatch(Programs.GATHER, Script.SILENT, QUICK)).isEmpty();
    assertThat(mismatch(Programs.RELAY, Script.ECHO, Bounds.STANDARD)).isEmpty();
    assertThat(mismatch(Programs.HTTP, Script.HTTP, Bounds.STANDARD)).isEmpty();
  }

  private static Optional<String> mismatch(Program program, Script script, Bounds bounds)
      throws Exception {
    try (ScriptedServer server = new ScriptedServer(script)) {
      return ProgramProbe.findMismatch(target(program, server), bounds);
    }
  }

  private static ProgramTarget target(Program program, ScriptedServer server) {
    return new ProgramAddressTarget(program, server.shared(Services.UPPER));
  }

  @Test
  void aServerThatIsNotTheProgramIsNotJudgedByItsRules() throws Exception {
    try (ScriptedServer server = new ScriptedServer(Script.ECHO)) {
      Report report =
          new Kit(Rules.of(Programs.HTTP), Bounds.STANDARD, 1)
              .judge(target(Programs.HTTP, server), _ -> {});
      assertThat(report.outcome(false)).isEqualTo(Verdict.INCONCLUSIVE);
      assertThat(report.findings()).extracting(Finding::verdict).containsOnly(Verdict.SKIPPED);
      assertThat(report.findings().getFirst().detail())
          .startsWith("this is not the program http: it does not speak HTTP");
    }
  }

  @Test
  void anUpperServerWithAFaultIsJudgedByAllRules() throws Exception {
    Report report =
        judge(Script.UPPER_BUT_ONE, Rules.matching(List.of("1.01", "1.02", "1.03", "3.01")));

    assertThat(report.findings())
        .extracting(Finding::verdict)
        .containsExactly(Verdict.BROKEN, Verdict.KEPT, Verdict.BROKEN, Verdict.SKIPPED);
  }

  /** Its reply to a part of a line comes late, but so does its reply to a whole line. */
  @Test
  void aSlowServerIsNoServerOfLines() throws Exception {
    try (ScriptedServer server = new ScriptedServer(Script.SLOW)) {
      assertThat(ProtocolProbe.findMismatch(server, Services.UPPER, Bounds.STANDARD)).isEmpty();
      assertThat(ProtocolProbe.findMismatch(server, Services.ECHO, Bounds.STANDARD))
          .hasValue("it answers in upper case; try --service upper");
    }
  }

  @Test
  void aSelectedRuleIsTestedWithoutTheBasicOne() throws Exception {
    assertThat(judge(Script.ECHO, Rules.matching(List.of("1.03", "1.04"))).findings())
        .extracting(Finding::verdict)
        .containsExactly(Verdict.BROKEN, Verdict.BROKEN);
  }

  private static Report judge(Script script, List<Rule> rules) throws Exception {
    try (ScriptedServer server = new ScriptedServer(script)) {
      return new Kit(rules, QUICK, 1).judge(server, _ -> {});
    }
  }

  /** What a server does with a connection. */
  private enum Script {
    ECHO,
    SILENT,
    GREETING,
    HTTP,
    LINES,
    ECHOED_LINES,
    CLOSES,
    CONSTANT,
    SHRUG,
    /** Upper-cases what has come, later than the probe waits at first; one client at a time. */
    SLOW,
    /** Converts the whole alphabet except z. */
    UPPER_BUT_ONE;

    private void converse(InputStream input, OutputStream output) throws IOException {
      byte[] chunk = new byte[8192];
      StringBuilder line = new StringBuilder();
      if (this == GREETING) {
        output.write("220 ready\r\n".getBytes(US_ASCII));
      }
      for (int n = input.read(chunk); n >= 0 && this != CLOSES; n = input.read(chunk)) {
        switch (this) {
          case ECHO -> output.write(chunk, 0, n);
          case SHRUG -> output.write("what".getBytes(US_ASCII));
          case CONSTANT -> output.write("dddddd".getBytes(US_ASCII));
          case SLOW -> {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1_500));
            output.write(
                new String(chunk, 0, n, US_ASCII).toUpperCase(Locale.ROOT).getBytes(US_ASCII));
          }
          case UPPER_BUT_ONE -> {
            for (int i = 0; i < n; i++) {
              chunk[i] = (byte) (chunk[i] >= 'a' && chunk[i] < 'z' ? chunk[i] - 0x20 : chunk[i]);
            }
            output.write(chunk, 0, n);
          }
          case HTTP, LINES, ECHOED_LINES -> {
            line.append(new String(chunk, 0, n, US_ASCII));
            if (line.indexOf("\n") >= 0) {
              String reply =
                  this == HTTP
                      ? "HTTP/1.1 400 Bad Request\r\n\r\n"
                      : this == LINES ? line.toString().toUpperCase(Locale.ROOT) : line.toString();
              output.write(reply.getBytes(US_ASCII));
              line.setLength(0);
            }
          }
          default -> {}
        }
      }
    }
  }

  /** An external server without claimed capabilities. */
  private static final class ScriptedServer implements Target {

    private final ServerSocket listener;

    ScriptedServer(Script script) throws IOException {
      listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
      Thread.startVirtualThread(() -> accept(script));
    }

    private void accept(Script script) {
      try {
        while (true) {
          Socket socket = listener.accept();
          if (script == Script.SLOW) {
            converse(script, socket);
          } else {
            Thread.startVirtualThread(() -> converse(script, socket));
          }
        }
      } catch (IOException _) {
        // The listener was closed.
      }
    }

    private static void converse(Script script, Socket socket) {
      try (socket) {
        script.converse(socket.getInputStream(), socket.getOutputStream());
      } catch (IOException _) {
        // The client has gone.
      }
    }

    @Override
    public String name() {
      return "scripted";
    }

    @Override
    public Optional<Set<Capability>> claims() {
      return Optional.empty();
    }

    @Override
    public boolean serves(Service service) {
      return service.equals(Services.UPPER);
    }

    @Override
    public boolean launchable() {
      return false;
    }

    @Override
    public InetSocketAddress shared(Service service) {
      return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    @Override
    public Instance launch(Service service, int port) {
      throw new IllegalStateException("it runs already");
    }

    @Override
    public void close() {
      try {
        listener.close();
      } catch (IOException _) {
        // No test depends on it any more.
      }
    }
  }
}
