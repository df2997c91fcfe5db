package iomodels.conformance.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iomodels.conformance.Finding;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Level;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.service.Services;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpectationsTest {

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

  @Test
  void onlyListedSkipsArePermittedAndStaleLinesFail(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("expected-skips.txt");
    assertThat(Expectations.read(file).lines()).isEmpty();
    Files.writeString(file, "# why\n\nit 1.01 for a reason\nit 6.05 for another\n");
    Expectations expected = Expectations.read(file);
    Finding skipped = finding(Level.MUST, Verdict.SKIPPED);
    assertThat(expected.permit("it", skipped)).isTrue();
    assertThat(expected.permit("it on epoll", skipped)).isTrue();
    assertThat(expected.permit("another", skipped)).isFalse();
    assertThat(expected.permit("it", finding(Level.MUST, Verdict.BROKEN))).isFalse();
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(() -> expected.demandAllSeen("it on nio", List.of(), List.of(skipped)))
        .withMessageContaining("6.05")
        .withMessageNotContaining("1.01");
    expected.demandAllSeen("it on nio", Rules.matching(List.of("6.05")), List.of(skipped));
    Files.writeString(file, "it 1.01\n");
    assertThatIllegalArgumentException().isThrownBy(() -> Expectations.read(file));
  }

  @Test
  void aKnownBreakIsPermittedWhereItIsListedAndStaleOnceItIsMended(@TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("expected-skips.txt");
    Files.writeString(file, "broken: it on io_uring 1.01 for a\n");
    Expectations expected = Expectations.read(file);
    Finding broken = finding(Level.MUST, Verdict.BROKEN);
    Finding kept = finding(Level.MUST, Verdict.KEPT);
    assertThat(expected.permit("it on io_uring", broken)).isTrue();
    assertThat(expected.permit("it on epoll", broken)).isFalse();
    assertThat(expected.permit("it on io_uring", kept)).isFalse();
    expected.demandAllSeen("it on io_uring", List.of(), List.of(broken));
    expected.demandAllSeen("it on epoll", List.of(), List.of(kept));
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(() -> expected.demandAllSeen("it on io_uring", List.of(), List.of(kept)))
        .withMessageContaining("1.01");
    Files.writeString(file, "broken: it on io_uring 1.01 for another reason\n");
    assertThat(Expectations.read(file).permit("it on io_uring", broken)).isFalse();
  }
}
