package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.trace.StraceParser.Raw;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** On lines that strace 6.1 wrote. */
class StraceParserTest {

  private static final String SOCKET = "5<TCP:[127.0.0.1:7771->127.0.0.1:39848]>";

  private static Raw only(String line) {
    assertThat(StraceParser.parse(line)).hasSize(1);
    return StraceParser.parse(line).getFirst();
  }

  private static boolean isCutOff(String text) {
    StraceParser parser = new StraceParser(_ -> {});
    text.lines().forEach(parser::line);
    return parser.isCutOff();
  }

  @Test
  void aCallHasItsTimesItsArgumentsAndItsResult() {
    Raw raw =
        only(
            "1795663968.247604 recvfrom(%s, \"hello\", 65536, 0, NULL, NULL) = 5 <0.000091>"
                .formatted(SOCKET));

    assertThat(raw.start()).isEqualTo(1_795_663_968_247_604L);
    assertThat(raw.duration()).contains(91L);
    assertThat(raw.name()).isEqualTo("recvfrom");
    assertThat(raw.arguments()).isEqualTo(SOCKET + ", \"hello\", 65536, 0, NULL, NULL");
    assertThat(raw.value()).isEqualTo(5);
    assertThat(raw.error()).isEmpty();
  }

  @Test
  void aDescriptorThatIsReturnedKeepsItsDescription() {
    Raw raw =
        only(
            "1795663968.211184 accept4(4<TCP:[127.0.0.1:7771]>, {sa_family=AF_INET,"
                + " sin_port=htons(39848), sin_addr=inet_addr(\"127.0.0.1\")}, [16],"
                + " SOCK_CLOEXEC) = "
                + SOCKET
                + " <0.000276>");

    assertThat(raw.value()).isEqualTo(5);
    assertThat(raw.result() + raw.words()).isEqualTo(SOCKET);
    assertThat(raw.arguments()).contains("htons(39848)").endsWith("SOCK_CLOEXEC");
  }

  @Test
  void anErrorHasItsName() {
    Raw raw =
        only(
            "1795663968.300000 read(%s, 0x7f00, 16384) = -1 EAGAIN (Resource temporarily"
                    .formatted(SOCKET)
                + " unavailable) <0.000012>");

    assertThat(raw.error()).isEqualTo("EAGAIN");
    assertThat(raw.value()).isEqualTo(-1);
  }

  @Test
  void whatIsSaidOfAResultIsNoError() {
    Raw poll =
        only(
            "1.000000 poll([{fd=3, events=POLLIN}], 1, 500) = 1 ([{fd=3, revents=POLLIN}])"
                + " <0.2>".replace("0.2", "0.200000"));
    Raw select = only("1.000000 select(8, [4 5 7], [], NULL, NULL) = 2 (in [4 5]) <0.000010>");
    Raw timeout = only("1.000000 epoll_wait(3<anon_inode:[eventpoll]>, [], 256, 0) = 0 <0.000007>");

    assertThat(List.of(poll.value(), select.value(), timeout.value())).containsExactly(1L, 2L, 0L);
    assertThat(List.of(poll.error(), select.error(), timeout.error())).containsOnly("");
  }

  @Test
  void aStringMayHoldWhatLooksLikeAnEnd() {
    Raw raw = only("1.000000 write(%s, \") = 7 \\\"<\", 9) = 9 <0.000010>".formatted(SOCKET));

    assertThat(raw.value()).isEqualTo(9);
    assertThat(raw.arguments()).endsWith(", 9");
  }

  @Test
  void aPathMayHoldAParenthesis() {
    Raw closed = only("1.000000 write(3</x/a)b.log>, \"hello\", 5) = 5 <0.000010>");
    Raw open = only("1.000000 write(3</x/a(b.log>, \"hello\", 5) = 5 <0.000010>");

    assertThat(closed.arguments()).isEqualTo("3</x/a)b.log>, \"hello\", 5");
    assertThat(open.arguments()).isEqualTo("3</x/a(b.log>, \"hello\", 5");
  }

  @Test
  void aShiftIsNoPath() {
    assertThat(only("1.000000 ioctl(3<pipe:[7]>, 1<<3) = 5 <0.000010>").arguments())
        .endsWith("1<<3");
  }

  @Test
  void aCallThatWasInterruptedHasNoResultButADuration() {
    Raw raw =
        only(
            "1.000000 futex(0x7f00, FUTEX_WAIT_PRIVATE, 2, NULL) = ? ERESTARTSYS (To be restarted"
                + " if SA_RESTART is set) <0.500000>");

    assertThat(raw.result()).isEqualTo(StraceParser.NONE);
    assertThat(raw.error()).isEqualTo("ERESTARTSYS");
    assertThat(raw.duration()).contains(500_000L);
  }

  @Test
  void aCallThatIsStillUnderWayHasNeither() {
    for (String end : List.of(" <unfinished ...>) = ?", " <unfinished ...>", " <detached ...>")) {
      Raw raw = only("1.000000 epoll_wait(3<anon_inode:[eventpoll]>, " + end);

      assertThat(raw.result()).isEqualTo(StraceParser.NONE);
      assertThat(raw.duration()).isEqualTo(Optional.empty());
      assertThat(raw.arguments()).startsWith("3<anon_inode:[eventpoll]>");
    }
  }

  @Test
  void aResumedCallStartsAtItsFirstPart() {
    Raw raw =
        only(
            """
            1.000000 read(%s,  <unfinished ...>
            1.000100 --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=7, si_uid=0} ---
            1.250000 <... read resumed>"hello", 16384) = 5 <0.250000>
            """
                .formatted(SOCKET));

    assertThat(raw.start()).isEqualTo(1_000_000);
    assertThat(raw.duration()).contains(250_000L);
    assertThat(raw.value()).isEqualTo(5);
    assertThat(raw.arguments()).startsWith(SOCKET).endsWith("16384");
  }

  @Test
  void signalsAndEndsAreNoCalls() {
    String text =
        """
        1.000000 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7398 /* 0.01 s */} ---
        1.100000 +++ exited with 1 +++
        1.200000 +++ killed by SIGKILL +++
        """;

    assertThat(StraceParser.parse(text)).isEmpty();
    assertThat(isCutOff(text)).isFalse();
  }

  @Test
  void whatIsCutOffIsLeftOutWhereverThatIs() {
    String whole = "2.000000 sendto(%s, \"HELLO\", 5, 0, NULL, 0) = 5 <0.000083>".formatted(SOCKET);
    String first = "1.000000 close(9) = 0 <0.000001>\n";
    for (int length = 1; length < whole.length(); length++) {
      String text = first + whole.substring(0, length);

      assertThat(StraceParser.parse(text)).as(text).hasSize(1);
      assertThat(isCutOff(text)).as(text).isTrue();
    }
    assertThat(StraceParser.parse(first + whole)).hasSize(2);
    assertThat(isCutOff(first + whole)).isFalse();
  }

  @Test
  void callsComeInTheirOrder() {
    List<String> names = new ArrayList<>();
    StraceParser parser = new StraceParser(raw -> names.add(raw.name()));
    parser.line("1.000000 close(9) = 0 <0.000001>");
    parser.line("2.000000 futex(0x1, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>");
    parser.end();

    assertThat(names).containsExactly("close", "futex");
  }
}
