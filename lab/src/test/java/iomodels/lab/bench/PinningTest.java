package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class PinningTest {

  @Test
  void aListOfProcessorsHoldsNumbersAndRanges() {
    assertThat(Pinning.processors("0-3,6")).containsExactly(0, 1, 2, 3, 6);
    assertThat(Pinning.processors("5")).containsExactly(5);
  }

  @Test
  void whatItDidOrWhyNotIsSaidInWords() throws InterruptedException {
    try (Pinning pinning = Pinning.attempt()) {
      assertThat(pinning.toString())
          .startsWith(pinning.isInForce() ? "servers on" : "not pinned: ");
      assertThat(pinning.prefix()).hasSize(pinning.isInForce() ? 3 : 0);
      assertThat(pinning.upstreamPrefix()).hasSize(pinning.isInForce() ? 3 : 0);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whatIsStartedWhereServersBelongStaysThere() throws Exception {
    try (Pinning pinning = Pinning.attempt()) {
      String command = "grep Cpus_allowed_list: /proc/self/status";
      String byPrefix = words(pinning.prefix(), command);
      String bySelf = pinning.startServer(() -> words(List.of(), command));

      assertThat(bySelf).isEqualTo(byPrefix);
      if (pinning.isInForce()) {
        assertThat(words(List.of(), command)).as("and this JVM is back").isNotEqualTo(byPrefix);
      }
    }
  }

  private static String words(List<String> prefix, String command) throws IOException {
    List<String> all = new ArrayList<>(prefix);
    all.addAll(List.of("sh", "-c", command));
    try (BufferedReader output = new ProcessBuilder(all).start().inputReader()) {
      return String.valueOf(output.readLine());
    }
  }
}
