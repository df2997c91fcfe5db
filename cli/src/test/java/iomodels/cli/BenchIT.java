package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** That it measures and reports; what the figures are is not for a test to say. */
@EnabledOnOs(OS.LINUX)
class BenchIT {

  @BeforeEach
  void thereIsACompiler() throws InterruptedException {
    assumeThat(isThere("cc")).as("a C compiler is installed").isTrue();
  }

  private static boolean isThere(String tool) throws InterruptedException {
    try {
      return new ProcessBuilder("sh", "-c", "command -v " + tool).start().waitFor() == 0;
    } catch (IOException _) {
      return false;
    }
  }

  private static Cli bench(String... arguments) {
    Stream<String> brief = Stream.of("--round=50", "--rounds=2", "--warm-up=0");
    return Cli.run(
        Stream.of(Stream.of("bench"), Stream.of(arguments), brief)
            .flatMap(it -> it)
            .toArray(String[]::new));
  }

  @Test
  void aModelIsMeasuredBesideCAndBesideItsTwin(@TempDir Path folder) throws IOException {
    Path json = folder.resolve("bench.json");
    Cli cli = bench("blocking-threads", "c-poll", "--json", json.toString());

    assertThat(cli.out())
        .contains("ping-50: 64 bytes", "blocking-threads", "threads", "c-poll")
        .contains("C epoll beside a second C epoll");
    assertThat(Files.readString(json)).contains("\"toCommon\"", "\"toTwin\"", "\"loaderShare\"");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void aServerOfOneClientIsGivenOne() {
    Cli cli = bench("c-sequential", "--json", "-");

    assertThat(cli.out()).contains("\"connections\" : 1,").doesNotContain("SERVER");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void anOpenLoopTellsHowLateTheLoaderWas() {
    Cli cli = bench("c-epoll", "--scenario", "open-loop", "--json", "-");

    assertThat(cli.out()).contains("\"loaderLag99Micros\"", "\"p999Micros\"");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void idleConnectionsAreWeighed() {
    Cli cli = bench("nio-selector", "example-netty", "--scenario=idle", "--connections=200");

    assertThat(cli.out()).contains("OUTSIDE HEAP", "c-epoll ", "example-netty");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void systemCallsAreCounted() throws InterruptedException {
    assumeThat(isThere("strace")).as("strace is installed").isTrue();
    Cli cli = bench("c-epoll", "--scenario=syscalls");
    assumeThat(cli.out()).as("strace may trace").doesNotContain("cannot trace");

    assertThat(cli.out()).contains("recvfrom 1.", "sendto 1.", "epoll_wait 0.");
    assertThat(cli.exitCode()).isZero();
  }
}
