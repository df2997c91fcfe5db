package iomodels.cli.learn;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.wrong.ladder.Ladder;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class StageJudgeTest {

  private static final List<Rule> RULES = StageJudge.rules(Ladder.stages().getFirst());

  private static Report skipped(String reason, String note) {
    List<Finding> findings =
        RULES.stream()
            .map(it -> new Finding(it, Verdict.SKIPPED, reason, List.of(), Duration.ZERO, 1))
            .toList();
    return new Report("it", findings, List.of(note));
  }

  @Test
  void aServerOfAnotherKindIsNotPassed() {
    Report report = skipped("it echoes", "5 rules: it echoes");

    assertThat(StageJudge.mismatch(report)).contains("it echoes");
    assertThat(StageJudge.outcome(report)).isEqualTo(Verdict.BROKEN);
  }

  @Test
  void rulesThatDoNotApplyAreSkipped() {
    Report report = skipped("needs Linux", "another note");

    assertThat(StageJudge.mismatch(report)).isEmpty();
    assertThat(StageJudge.outcome(report)).isEqualTo(Verdict.SKIPPED);
  }
}
