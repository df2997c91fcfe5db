package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.trace.StraceParser.Raw;
import java.util.List;
import org.junit.jupiter.api.Test;

/** On lines that strace 6.1 wrote. */
class RestartsTest {

  private static List<String> names(String text) {
    return Restarts.named(StraceParser.parse(text)).stream().map(Raw::name).toList();
  }

  @Test
  void whatFoundSomethingIsPoll() {
    assertThat(
            names(
                """
                1.000000 restart_syscall(<... resuming interrupted read ...>) = 1 <1.078000>
                2.100000 accept4(4<TCP:[127.0.0.1:7771]>, NULL, NULL, SOCK_CLOEXEC) = 5 <0.000100>
                2.200000 futex(0x7ff2dc000ba0, FUTEX_WAIT_PRIVATE, 0, NULL) = 0 <0.000100>
                """))
        .containsExactly("poll", "accept4", "futex");
  }

  @Test
  void whatTimedOutIsFutex() {
    assertThat(
            names(
                "1.000000 restart_syscall(<... resuming interrupted read ...>) = -1 ETIMEDOUT"
                    + " (Connection timed out) <1.731563>"))
        .containsExactly("futex");
  }

  @Test
  void anyOtherRestartIsTheInterruptedCall() {
    assertThat(
            names(
                """
                1.000000 restart_syscall(<... resuming interrupted read ...>) = 0 <2.732893>
                3.800000 close(4<TCP:[127.0.0.1:7771]>) = 0 <0.000010>
                3.900000 clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=1, tv_nsec=0}, NULL) = 0 \
                <1.000100>
                """))
        .containsExactly("clock_nanosleep", "close", "clock_nanosleep");
  }

  @Test
  void aCallWhoseStartWasTracedHasItsName() {
    assertThat(
            names(
                "1.000000 restart_syscall(<... resuming interrupted nanosleep ...>) = 0"
                    + " <0.100000>"))
        .containsExactly("nanosleep");
  }

  @Test
  void aCallThatNeverReturnedStaysUnknown() {
    assertThat(names("1.000000 restart_syscall(<... resuming interrupted read ...> <detached ...>"))
        .containsExactly("restart_syscall");
  }
}
