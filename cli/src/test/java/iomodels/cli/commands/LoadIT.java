package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.cli.options.ArgumentResolver;
import iomodels.cli.output.UserError;
import iomodels.conformance.targets.ModelTarget;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that {@code load} loads, verifies and reports, not the figures. */
@Timeout(120)
class LoadIT {

  private static final String[] BRIEF = {"--duration=0.3", "--warm-up=0", "--connections=3"};

  private static Cli load(InetSocketAddress server, String... more) {
    String[] arguments = new String[2 + BRIEF.length + more.length];
    arguments[0] = "load";
    arguments[1] = "127.0.0.1:" + server.getPort();
    System.arraycopy(BRIEF, 0, arguments, 2, BRIEF.length);
    System.arraycopy(more, 0, arguments, 2 + BRIEF.length, more.length);
    return Cli.run(arguments);
  }

  private static ModelTarget model() throws UserError {
    return new ModelTarget(ArgumentResolver.model("nio-selector"), Optional.empty());
  }

  @Test
  void aServerIsLoadedInEveryShape(@TempDir Path folder) throws Exception {
    try (ModelTarget target = model()) {
      InetSocketAddress upper = target.shared(Services.UPPER);

      assertThat(load(upper).out())
          .contains("3 connections", "messages per second", "p99.99", "Fairness", "busy for");
      assertThat(load(upper, "--udp", "--in-flight=2").out()).contains("over UDP", "3 sockets");
      assertThat(load(upper, "--churn").exitCode()).isZero();
      assertThat(load(target.shared(Services.LINES), "--service=lines").exitCode()).isZero();
      assertThat(load(target.shared(Services.FLOOD), "--service=flood", "--bytes=3").exitCode())
          .isZero();
      Path json = folder.resolve("load.json");
      assertThat(load(upper, "--json", json.toString()).exitCode()).isZero();
      assertThat(Files.readString(json)).contains("\"p99.9\"", "\"loaderIsTheLimit\"");
    }
  }

  @Test
  void anOpenLoopIsWrittenToALogThatTheUsualToolsRead(@TempDir Path folder) throws Exception {
    Path log = folder.resolve("load.hlog");
    try (ModelTarget target = model()) {
      Cli cli =
          load(target.shared(Services.UPPER), "--rate=1000", "--hdr", log.toString(), "--json=-");
      assertThat(cli.exitCode()).isZero();
      assertThat(cli.out()).startsWith("{").contains("\"uncorrectedMicros\" : {");
    }
    long corrected = 0;
    long uncorrected = 0;
    try (HistogramLogReader reader = new HistogramLogReader(log.toFile())) {
      while (reader.hasNext()) {
        EncodableHistogram histogram = reader.nextIntervalHistogram();
        long count = ((AbstractHistogram) histogram).getTotalCount();
        if ("uncorrected".equals(histogram.getTag())) {
          uncorrected += count;
        } else {
          corrected += count;
        }
      }
    }
    assertThat(corrected).isEqualTo(300);
    assertThat(uncorrected).isBetween(1L, 300L);
  }

  @Test
  void withJsonOnStandardOutputTheComparisonWithCPrintsNothingElse() throws Exception {
    try (ModelTarget target = model()) {
      Cli cli = load(target.shared(Services.UPPER), "--beside-c", "--json=-");
      assumeThat(cli.err()).as("there is a C compiler").doesNotContain("no C compiler");

      assertThat(cli.exitCode()).isZero();
      assertThat(cli.out())
          .startsWith("{")
          .contains("\"cpuRatio\" : {")
          .doesNotContain("In 7 turns");
    }
  }

  @Test
  void aServerThatAnswersSomethingElseIsFoundOut() throws Exception {
    try (ModelTarget target = model()) {
      Cli cli = load(target.shared(Services.FIXED));

      assertThat(cli.err()).contains("the server failed under load: ", "byte 0 of a reply is 0x64");
      assertThat(cli.exitCode()).isEqualTo(1);
    }
  }

  @Test
  void nobodyThereIsSaidAtOnce() throws IOException {
    InetSocketAddress nowhere;
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nowhere = (InetSocketAddress) listener.getLocalSocketAddress();
    }
    assertThat(load(nowhere).exitCode()).isEqualTo(2);
    assertThat(load(nowhere).err()).contains("connection 1: ", "refused");
    assertThat(load(nowhere, "--udp").err()).contains("no server listens there");
  }

  @Test
  void whatItCannotDoItRefusesInWords() throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 9);

    assertThat(Cli.run("load", "192.0.2.1", "80").err())
        .contains("192.0.2.1 is not this machine", "--remote");
    assertThat(load(any, "--udp", "--churn").err()).contains("--udp has none");
    assertThat(load(any, "--churn", "--rate=5").err()).contains("one message");
    assertThat(load(any, "--service=discard").err()).contains("does not answer each message");
    assertThat(load(any, "--service=nothing").err()).contains("there are: upper");
    assertThat(load(any, "--udp", "--bytes=3").err()).contains("carries a number");
    assertThat(load(any, "--bytes=0").exitCode()).isEqualTo(2);
    assertThat(load(any, "--json=/nowhere/at/all.json").err()).contains("there is no folder");
  }
}
