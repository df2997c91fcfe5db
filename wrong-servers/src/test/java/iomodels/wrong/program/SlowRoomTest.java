package iomodels.wrong.program;

import static iomodels.program.Programs.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.InJvmProgramTarget;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A correct room that takes its time: a line may come after the departure of another member. */
@Timeout(300)
class SlowRoomTest {

  private static final long LATE_MILLIS = 30;

  @Test
  void aRoomThatIsSlowConforms() throws Exception {
    Kit kit = new Kit(Rules.matching(Rules.of(CHAT), List.of("13.05")), Bounds.STANDARD, 1);
    try (InJvmProgramTarget room =
        new InJvmProgramTarget("slow", CHAT, WrongProgram.starting(SlowRoomTest::slow))) {
      assertThat(kit.judge(room, _ -> {}).findings())
          .singleElement()
          .extracting(Finding::verdict)
          .isEqualTo(Verdict.KEPT);
    }
  }

  private static CorrectProgram slow(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void hear(CorrectRoom room, Guest it, String line) throws IOException {
        try {
          TimeUnit.MILLISECONDS.sleep(LATE_MILLIS);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
        super.hear(room, it, line);
      }
    };
  }
}
