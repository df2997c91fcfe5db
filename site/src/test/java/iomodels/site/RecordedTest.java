package iomodels.site;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.HTTP;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.program.Program;
import iomodels.site.Implementation.StyledProgram;
import iomodels.site.Recorded.Judged;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordedTest {

  private static final String TRACE =
      """
      {"format": 1, "server": "a", "complete": true, "clients": [],
       "threads": [{"name": "loop", "calls": [
         [0, 9, 9, "epoll_wait", "7", "1", "wait", "", 1],
         [9, 1, 0, "read", "8", "-1 EAGAIN", "ask", "A", 5]]}]}
      """;

  @TempDir private Path folder;

  @Test
  void foldedCallsAreCounted() {
    Recorded.Trace trace = Recorded.trace("a", TRACE);
    assertThat(trace.problem()).isEmpty();
    assertThat(trace.calls()).isEqualTo(6);
    assertThat(trace.calls("read")).isEqualTo(5);
    assertThat(trace.ofKind("ask")).isEqualTo(5);
    assertThat(trace.ofKind("copy")).isZero();
  }

  @Test
  void callsFoldedWithOtherNamesCannotBeCounted() {
    Recorded.Trace trace = Recorded.trace("a", TRACE.replace("epoll_wait", "read, write"));
    assertThatThrownBy(() -> trace.calls("read"))
        .hasMessage("the trace of a folds read with other calls");
  }

  @Test
  void serversOfOthersAreReadWithTheirVersionsAndDates() throws IOException {
    Path date = Files.createDirectories(folder.resolve("http/2026-12-01"));
    Files.writeString(
        date.resolve("a-server-1.2.json"),
        """
        {"target": "exec a {port}", "waived": ["/upper"], "findings": [
          {"rule": "15.01", "verdict": "SKIPPED", "detail": "/upper is waived"},
          {"rule": "15.02", "verdict": "BROKEN", "detail": "got 400",
           "transcript": ["sends 2 bytes", "got 400"]},
          {"rule": "15.03", "verdict": "KEPT", "detail": ""}]}
        """);
    Files.writeString(
        date.resolve("aiohttp-3.json"),
        """
        {"findings": [{"rule": "15.02", "verdict": "KEPT", "detail": ""}]}
        """);
    Files.writeString(date.resolve("half-1.json"), "{\"findings\": [{");
    Recorded recorded = Recorded.read(folder);
    List<OutsideServers.Outside> servers = recorded.outside(HTTP);
    assertThat(servers)
        .extracting(OutsideServers.Outside::name)
        .containsExactly("aiohttp", "a-server");
    OutsideServers.Outside server = servers.getLast();
    assertThat(server.version()).isEqualTo("1.2");
    assertThat(server.date()).isEqualTo("2026-12-01");
    assertThat(server.waived()).containsExactly("/upper");
    assertThat(server.with("BROKEN")).containsExactly("15.02");
    assertThat(server.findings().get("15.02"))
        .isEqualTo(
            new OutsideServers.Found("BROKEN", "got 400", List.of("sends 2 bytes", "got 400")));
    assertThat(recorded.outside(CHAT)).isEmpty();
    assertThat(recorded.problems()).anyMatch(it -> it.startsWith("half-1.json cannot be read"));
    assertThat(recorded.judged(new StyledProgram(HTTP, "python:aiohttp", "")))
        .contains(new Judged(1, 0, List.of(), ""));
    assertThat(recorded.judged(new StyledProgram(HTTP, "python:tornado", ""))).isEmpty();
  }

  @Test
  void aTruncatedTraceIsReportedAndFailsNothing() throws IOException {
    Path traces = Files.createDirectories(folder.resolve("traces"));
    Files.writeString(traces.resolve("whole.json"), TRACE);
    Files.writeString(traces.resolve("half.json"), TRACE.substring(0, 90));
    Files.writeString(traces.resolve("empty.json"), "");
    byte[] dots = "{\"a\": \"…".getBytes(UTF_8); // the last character has three bytes
    Files.write(traces.resolve("character.json"), Arrays.copyOf(dots, dots.length - 1));
    Files.writeString(traces.resolve("other.json"), "{\"format\": 2}");
    Files.writeString(traces.resolve("bare.json"), "{\"format\": 1}");
    Files.writeString(
        traces.resolve("ended.json"), TRACE.replace("true", "false, \"note\": \"It died.\""));
    Recorded recorded = Recorded.read(folder);
    assertThat(recorded.trace("whole").orElseThrow().json()).isPresent();
    assertThat(recorded.trace("half").orElseThrow().json()).isEmpty();
    assertThat(recorded.trace("half").orElseThrow().problem()).startsWith("cut off: ");
    assertThat(recorded.trace("empty").orElseThrow().problem()).isNotEmpty();
    assertThat(recorded.trace("other").orElseThrow().problem()).isEqualTo("its format is not 1");
    assertThat(recorded.trace("bare").orElseThrow().problem()).contains("no threads");
    assertThat(recorded.trace("ended").orElseThrow().json()).isPresent();
    assertThat(recorded.trace("ended").orElseThrow().problem()).isEqualTo("cut off: It died.");
    assertThat(recorded.trace("none")).isEmpty();
    assertThat(recorded.problems()).hasSize(6 + 5);
  }

  @Test
  void theVerdictsOnATwinHaveItsName() throws IOException {
    Path verdicts = Files.createDirectories(folder.resolve("verdicts"));
    Files.writeString(
        verdicts.resolve("python.a.json"),
        """
        {"target": "exec python3 a.py {port}", "findings": [
          {"rule": "1.01", "verdict": "KEPT"}, {"rule": "5.01", "verdict": "BROKEN"},
          {"rule": "6.01", "verdict": "SKIPPED"}]}
        """);
    Recorded recorded = Recorded.read(folder);
    assertThat(recorded.judged("python.a")).contains(new Judged(1, 1, List.of("5.01"), ""));
    assertThat(recorded.verdict("python.a", "5.01")).isEqualTo("BROKEN");
    assertThat(recorded.judged("python.b")).isEmpty();
  }

  @Test
  void aMissingFigureIsADash() throws IOException {
    Files.writeString(
        folder.resolve("compare.json"),
        """
        {"models": [{"card": {"name": "a"}, "kept": 3,
                     "load": {"toCommon": {"throughput": {"median": 1.234, "min": 1, "max": 2.5}, "cpu": null}}},
                    {"card": {"name": "b"}, "load": null}]}
        """);
    Recorded recorded = Recorded.read(folder);
    assertThat(recorded.shown("a", "msgs")).isEqualTo("1.23 (1.00–2.50)");
    assertThat(recorded.shown("a", "cpu")).isEqualTo("–");
    assertThat(recorded.shown("b", "p50")).isEqualTo("–");
    assertThat(recorded.shown("c", "p99")).isEqualTo("–");
  }

  @Test
  void anEmptyComparisonIsReported() throws IOException {
    Files.writeString(folder.resolve("compare.json"), "{}");
    assertThat(Recorded.read(folder).comparison()).isEmpty();
    assertThat(Recorded.read(folder).problems()).contains("compare.json has no models");
  }

  @Test
  void aProgramHasAResultOnlyIfItIsRecorded() throws IOException {
    Files.writeString(
        folder.resolve("compare.json"),
        """
        {"models": [{"card": {"name": "a"}}],
         "programs": [
           {"style": "vertx", "program": "relay", "kept": 9, "broken": 1, "brokenRules": ["11.03"], "failure": null},
           {"style": "vertx", "program": "chat", "kept": null, "failure": "It did not start."},
           {"style": "vertx", "program": "gather", "lines": 7}]}
        """);
    Recorded recorded = Recorded.read(folder);
    assertThat(recorded.judged(vertx(RELAY))).contains(new Judged(9, 1, List.of("11.03"), ""));
    assertThat(recorded.judged(vertx(CHAT)).orElseThrow().failure()).isEqualTo("It did not start.");
    assertThat(recorded.judged(vertx(GATHER))).isEmpty();
    assertThat(recorded.judged(vertx(OFFLOAD))).isEmpty();
  }

  private static StyledProgram vertx(Program program) {
    return new StyledProgram(program, "vertx", "");
  }

  @Test
  void findingsAreLookedUpByTheFirstWordOfTheTarget() throws IOException {
    Files.writeString(
        folder.resolve("conform.json"),
        """
        {"target": "vertx on epoll", "findings": [
          {"rule": "1.01", "verdict": "KEPT", "detail": ""},
          {"rule": "4.01", "verdict": "SKIPPED", "detail": "why"}]}
        """);
    Recorded recorded = Recorded.read(folder);
    assertThat(recorded.verdict("vertx", "1.01")).isEqualTo("KEPT");
    assertThat(recorded.detail("vertx", "4.01")).isEqualTo("why");
    assertThat(recorded.verdict("vertx", "9.99")).isEmpty();
    assertThat(recorded.verdict("other", "1.01")).isEmpty();
    assertThat(recorded.count("vertx", "KEPT")).isEqualTo("1");
    assertThat(recorded.count("other", "KEPT")).isEqualTo("–");
  }
}
