package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import org.junit.jupiter.api.Test;

class SystemCallsTest {

  private static final String TABLE =
      """
      % time     seconds  usecs/call     calls    errors syscall
      ------ ----------- ----------- --------- --------- ----------------
       52.63    0.000100           0      2000           sendto
       47.37    0.000090           1      2002         2 recvfrom
        0.00    0.000000           0        40           epoll_wait
      ------ ----------- ----------- --------- --------- ----------------
      100.00    0.000190           0      4042         2 total
      """;

  @Test
  void straceIsReadByNameAndDividedByMessages() {
    assertThat(SystemCalls.parse(TABLE, 2_000))
        .containsExactly(entry("sendto", 1.0), entry("recvfrom", 1.001), entry("epoll_wait", 0.02));
  }
}
