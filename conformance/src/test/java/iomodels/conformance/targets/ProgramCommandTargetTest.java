package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.program.Program;
import iomodels.program.Programs;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProgramCommandTargetTest {

  @Test
  void aProgramThatRefusesToStartHasToTellByItsExitCode() throws Exception {
    Finding refuses = judge(Programs.RELAY, "11.14", "echo my own port >&2; exit 3");
    assertThat(refuses.verdict()).as(refuses.toString()).isEqualTo(Verdict.KEPT);
    Finding succeeds = judge(Programs.GATHER, "12.26", "echo my own port >&2; exit 0");
    assertThat(succeeds.verdict()).as(succeeds.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(succeeds.detail()).contains("an exit code other than 0", "my own port");
  }

  private static Finding judge(Program program, String id, String command)
      throws IOException, InterruptedException {
    List<Rule> rules = Rules.matching(Rules.of(program), List.of(id));
    try (ProgramCommandTarget target = new ProgramCommandTarget(program, command)) {
      return new Kit(rules, Bounds.STANDARD, 1).judge(target, _ -> {}).findings().getFirst();
    }
  }
}
