package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StraceTest {

  @Test
  void aChildMayEndBeforeStraceComes() {
    String gone = "strace: attach: ptrace(PTRACE_SEIZE, 4711): No such process";

    assertThat(Strace.isAttached(gone, false)).isTrue();
    assertThat(Strace.isAttached(gone, true)).isFalse();
    assertThat(Strace.isAttached("strace: Process 4711 attached with 5 threads", true)).isTrue();
    assertThat(Strace.isAttached(null, false)).isFalse();
  }
}
