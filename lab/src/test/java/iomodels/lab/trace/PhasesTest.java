package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.trace.Call.Kind;
import iomodels.lab.trace.StraceParser.Raw;
import iomodels.lab.trace.Trace.Event;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PhasesTest {

  private static final long BEGINNING = 1_000_000;
  private static final long MICROS = 500_000;

  private static final String A = "9<TCP:[127.0.0.1:80->127.0.0.1:4001]>";
  private static final String C = "11<TCPv6:[[::ffff:127.0.0.1]:80->[::ffff:127.0.0.1]:4003]>";

  private final Phases phases =
      new Phases(
          List.of(
              new ClientLog(
                  "A",
                  4_001,
                  List.of(
                      new Event(10_000, Event.Kind.CONNECT, 0),
                      new Event(60_000, Event.Kind.SEND, 6),
                      new Event(90_000, Event.Kind.SEND, 6),
                      new Event(200_000, Event.Kind.END, 0))),
              new ClientLog(
                  "C",
                  4_003,
                  List.of(
                      new Event(20_000, Event.Kind.CONNECT, 0),
                      new Event(70_000, Event.Kind.SEND, 100_000),
                      new Event(150_000, Event.Kind.RECEIVE, 50_000),
                      new Event(170_000, Event.Kind.RECEIVE, 50_000)))),
          BEGINNING,
          MICROS);

  /** Classifies lines of strace, with times relative to the beginning of the record. */
  private List<Call> classify(String... lines) {
    return Stream.of(lines)
        .flatMap(line -> StraceParser.parse("1." + line).stream())
        .map(this::fromBeginning)
        .flatMap(raw -> phases.classify(raw).stream())
        .map(Phases.Classified::call)
        .toList();
  }

  private Raw fromBeginning(Raw raw) {
    return new Raw(
        raw.start() - 1_000_000 + BEGINNING,
        raw.duration(),
        raw.name(),
        raw.arguments(),
        raw.result(),
        raw.words());
  }

  private Call only(String line) {
    return classify(line).getFirst();
  }

  @Test
  void aBlockingReadWaitsUntilItsClientHasSent() {
    Call read = only("050000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.010100>".formatted(A));

    assertThat(read)
        .isEqualTo(
            new Call(
                50_000, 10_100, 10_000, "read", "9, \"aaaaa\\n\", 16384", "6", Kind.COPY, "A", 1));
  }

  @Test
  void whatWasThereAlreadyIsNotWaitedFor() {
    List<Call> calls =
        classify(
            "095000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.000020>".formatted(A),
            "096000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.003000>".formatted(A));

    assertThat(calls).extracting(Call::waited).containsExactly(0L, 0L);
  }

  @Test
  void theSecondReadWaitsForTheSecondMessage() {
    List<Call> calls =
        classify(
            "050000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.010100>".formatted(A),
            "061000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.029500>".formatted(A));

    assertThat(calls).extracting(Call::waited).containsExactly(10_000L, 29_000L);
  }

  @Test
  void theEndOfTheInputIsWaitedForAsWell() {
    Call read = only("100000 read(%s, \"\", 16384) = 0 <0.100300>".formatted(A));

    assertThat(read.kind()).isEqualTo(Kind.WAIT);
    assertThat(read.waited()).isEqualTo(100_000);
    assertThat(only("250000 read(%s, \"\", 16384) = 0 <0.000010>".formatted(A)).kind())
        .isEqualTo(Kind.OTHER);
  }

  @Test
  void aSocketThatDoesNotBlockIsNeverWaitedFor() {
    List<Call> calls =
        classify(
            "040000 fcntl(%s, F_SETFL, O_RDWR|O_NONBLOCK) = 0 <0.000010>".formatted(A),
            "050000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.010100>".formatted(A),
            "062000 fcntl(%s, F_SETFL, O_RDWR) = 0 <0.000010>".formatted(A),
            "063000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.027100>".formatted(A),
            "065000 recvfrom(%s, \"cc\", 10, MSG_DONTWAIT, NULL, NULL) = 2 <0.010000>"
                .formatted(C));

    assertThat(calls).extracting(Call::waited).containsExactly(0L, 0L, 0L, 27_000L, 0L);
  }

  @Test
  void aSocketAcceptedOrMadeNotToBlockIsKnown() {
    List<Call> calls =
        classify(
            "005000 accept4(4<TCP:[127.0.0.1:80]>, NULL, NULL, SOCK_NONBLOCK) = %s <0.005200>"
                .formatted(A),
            "050000 read(%s, \"aaaaa\\n\", 16384) = 6 <0.010100>".formatted(A),
            "051000 ioctl(%s, FIONBIO, [1]) = 0 <0.000010>".formatted(C),
            "052000 read(%s, \"cc\", 2) = 2 <0.020000>".formatted(C));

    assertThat(calls).extracting(Call::waited).containsExactly(5_000L, 0L, 0L, 0L);
    assertThat(calls).extracting(Call::client).containsExactly("A", "A", "C", "C");
    assertThat(calls.getFirst().kind()).isEqualTo(Kind.WAIT);
    assertThat(calls.getFirst().result()).isEqualTo("9");
  }

  @Test
  void anAcceptOfOneWhoWasThereDoesNotWait() {
    Call accept =
        only("012000 accept(4<TCP:[127.0.0.1:80]>, NULL, NULL) = %s <0.000200>".formatted(A));

    assertThat(accept.waited()).isZero();
    assertThat(accept.kind()).isEqualTo(Kind.OTHER);
  }

  @Test
  void aClientIsKnownByAcceptWhereStraceDoesNotDescribeSockets() {
    List<Call> calls =
        classify(
            "012000 accept(4<socket:[17]>, {sa_family=AF_INET, sin_port=htons(4001),"
                + " sin_addr=inet_addr(\"127.0.0.1\")}, [16]) = 9<socket:[23]> <0.000200>",
            "095000 read(9<socket:[23]>, \"aaaaa\\n\", 16384) = 6 <0.000020>");

    assertThat(calls).extracting(Call::client).containsExactly("A", "A");
  }

  @Test
  void aBlockedWriteWaitsUntilItsClientHasMadeRoom() {
    List<Call> calls =
        classify(
            "080000 write(%s, \"CC\"..., 100000) = 100000 <0.000500>".formatted(C),
            "100000 write(%s, \"CC\"..., 100000) = 100000 <0.070300>".formatted(C));

    assertThat(calls).extracting(Call::kind).containsOnly(Kind.COPY);
    assertThat(calls).extracting(Call::waited).containsExactly(0L, 70_000L);
  }

  @Test
  void aSlowWriteToAClientWhoHasReadAllDidNotWait() {
    Call write = only("140000 write(%s, \"CC\"..., 50000) = 50000 <0.011000>".formatted(C));

    assertThat(write.waited()).isZero();
  }

  @Test
  void whereNoRecordTellsItIsTheDuration() {
    List<Call> calls =
        classify(
            "100000 recvfrom(5<UDP:[127.0.0.1:80]>, \"x\", 512, 0, NULL, NULL) = 1 <0.200000>",
            "100000 recvfrom(5<UDP:[127.0.0.1:80]>, \"x\", 512, 0, NULL, NULL) = 1 <0.000020>");

    assertThat(calls).extracting(Call::waited).containsExactly(200_000L, 0L);
    assertThat(calls).extracting(Call::client).containsOnly("");
  }

  @Test
  void readinessIsWaitedForUnlessItIsOnlyAskedFor() {
    List<Call> calls =
        classify(
            "100000 epoll_wait(3<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=9,"
                + " u64=9}}], 256, -1) = 1 <0.050000>",
            "160000 epoll_wait(3<anon_inode:[eventpoll]>, [], 256, 0) = 0 <0.000020>",
            "170000 poll([{fd=%s, events=POLLIN}], 1, 500) = 0 (Timeout) <0.030000>".formatted(A),
            "210000 rt_sigtimedwait([RTMIN RT_1], {si_signo=SIGRTMIN, si_code=POLL_IN,"
                + " si_band=65, si_fd=9}, NULL, 8) = 34 (SIGRT_2) <0.010000>",
            "230000 io_uring_enter(5<anon_inode:[io_uring]>, 2, 1, IORING_ENTER_GETEVENTS, NULL,"
                + " 8) = 2 <0.020000>",
            "260000 io_uring_enter(5<anon_inode:[io_uring]>, 2, 0, 0, NULL, 8) = 2 <0.000100>");

    assertThat(calls)
        .extracting(Call::kind)
        .containsExactly(Kind.WAIT, Kind.ASK, Kind.WAIT, Kind.WAIT, Kind.WAIT, Kind.OTHER);
    assertThat(calls)
        .extracting(Call::waited)
        .containsExactly(50_000L, 0L, 30_000L, 10_000L, 20_000L, 0L);
    assertThat(calls.getFirst().arguments()).isEqualTo("3, …, 256, -1");
  }

  @Test
  void aPollWithoutATimeoutThatFindsSomethingDidNotWait() {
    List<Call> calls =
        classify(
            "160000 epoll_wait(3<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=9,"
                + " u64=9}}], 256, 0) = 1 <0.000020>",
            "170000 poll([{fd=%s, events=POLLIN}], 1, 0) = 1 ([{fd=9, revents=POLLIN}]) <0.003000>"
                .formatted(A));

    assertThat(calls).extracting(Call::kind).containsOnly(Kind.OTHER);
    assertThat(calls).extracting(Call::waited).containsOnly(0L);
  }

  @Test
  void anAcceptOfAListenerThatDoesNotBlockIsBookkeeping() {
    List<Call> calls =
        classify(
            "004000 accept(4<TCP:[127.0.0.1:80]>, NULL, NULL) = -1 EAGAIN (Resource temporarily"
                + " unavailable) <0.000012>",
            "005000 accept(4<TCP:[127.0.0.1:80]>, NULL, NULL) = %s <0.005200>".formatted(A));

    assertThat(calls).extracting(Call::kind).containsExactly(Kind.ASK, Kind.OTHER);
    assertThat(calls).extracting(Call::waited).containsOnly(0L);
  }

  @Test
  void toAskInVainIsNotToWait() {
    List<Call> calls =
        classify(
            "100000 read(%s, 0x7f0012345678, 16384) = -1 EAGAIN (Resource temporarily unavailable)"
                    .formatted(A)
                + " <0.000012>",
            "100100 accept(4<TCP:[127.0.0.1:80]>, NULL, NULL) = -1 EAGAIN (Resource temporarily"
                + " unavailable) <0.000012>");

    assertThat(calls).extracting(Call::kind).containsOnly(Kind.ASK);
    assertThat(calls.getFirst().result()).isEqualTo("-1 EAGAIN");
    assertThat(calls.getFirst().arguments()).isEqualTo("9, …, 16384");
  }

  @Test
  void toAskOnceWithoutWaitingSaysNothingOfTheSocket() {
    List<Call> calls =
        classify(
            "040000 recvfrom(%s, 0x7f0012345678, 65536, MSG_DONTWAIT, NULL, NULL) = -1 EAGAIN"
                    .formatted(A)
                + " (Resource temporarily unavailable) <0.000012>",
            "050000 recvfrom(%s, \"aaaaa\\n\", 65536, 0, NULL, NULL) = 6 <0.010100>".formatted(A));

    assertThat(calls).extracting(Call::kind).containsExactly(Kind.ASK, Kind.COPY);
    assertThat(calls).extracting(Call::waited).containsExactly(0L, 10_000L);
  }

  @Test
  void aSocketWithATimeoutWaitsAlthoughItIsInVain() {
    String line =
        " recvfrom(%s, 0x7f0012345678, 65536, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily"
                .formatted(A)
            + " unavailable) <0.100300>";
    List<Call> calls = classify("100000" + line, "210000" + line);

    assertThat(calls).extracting(Call::kind).containsOnly(Kind.WAIT);
    assertThat(calls).extracting(Call::waited).containsOnly(100_300L);
  }

  @Test
  void whatWasSeenBeforeTheRecordCounts() {
    Raw before =
        new Raw(
            BEGINNING - 300_000,
            Optional.of(10L),
            "accept",
            "4<TCP:[127.0.0.1:80]>, NULL, NULL",
            "-1",
            " EAGAIN (Resource temporarily unavailable)");

    assertThat(phases.classify(before)).isEmpty();
    assertThat(
            only("005000 accept(4<TCP:[127.0.0.1:80]>, NULL, NULL) = %s <0.005200>".formatted(A))
                .waited())
        .isZero();
  }

  @Test
  void aParkedThreadIsParkedAndToUnparkIsNotClassified() {
    List<Call> calls =
        classify(
            "100000 futex(0x7f0012345678, FUTEX_WAIT_PRIVATE, 2, NULL) = 0 <0.010000>",
            "110000 futex(0x7f0012345678, FUTEX_WAKE_PRIVATE, 1) = 1 <0.000010>",
            "111000 futex(0x7f0012345678, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource"
                + " temporarily unavailable) <0.000010>");

    assertThat(calls).extracting(Call::kind).containsExactly(Kind.PARK);
    assertThat(calls.getFirst().waited()).isEqualTo(10_000);
  }

  @Test
  void aCallUnderWayAtTheEndLastsUntilThen() {
    Call read = only("300000 read(%s,  <detached ...>".formatted(A));

    assertThat(read)
        .isEqualTo(new Call(300_000, 200_000, 200_000, "read", "9", "?", Kind.WAIT, "A", 1));
  }

  @Test
  void aCallThatDoesNotBlockWasNotWaitingAtTheEnd() {
    List<Call> calls =
        classify(
            "300000 fcntl(%s, F_SETFL, O_RDWR|O_NONBLOCK) = 0 <0.000010>".formatted(A),
            "499000 read(%s,  <detached ...>".formatted(A));

    assertThat(calls).extracting(Call::name).containsExactly("fcntl");
  }

  @Test
  void whatWasRestartedWaitsAsTheCallThatItIs() {
    List<Call> calls =
        Restarts.named(
                StraceParser.parse(
                    "0.900000 restart_syscall(<... resuming interrupted read ...>) = 1 <0.150000>"))
            .stream()
            .flatMap(raw -> phases.classify(raw).stream())
            .map(Phases.Classified::call)
            .toList();

    assertThat(calls)
        .containsExactly(new Call(0, 50_000, 50_000, "poll", "…", "1", Kind.WAIT, "", 1));
  }

  @Test
  void whatLiesOutsideTheRecordIsCutToIt() {
    Raw before =
        new Raw(
            BEGINNING - 300_000,
            Optional.of(400_000L),
            "epoll_wait",
            "3<anon_inode:[eventpoll]>, [], 256, -1",
            "1",
            "");
    Raw longAgo = new Raw(0, Optional.of(10L), "epoll_wait", "3, [], 256, -1", "1", "");

    assertThat(phases.classify(before).orElseThrow().call())
        .extracting(Call::start, Call::duration, Call::waited)
        .containsExactly(0L, 100_000L, 100_000L);
    assertThat(phases.classify(longAgo)).isEmpty();
    assertThat(classify("600000 close(%s) = 0 <0.000010>".formatted(A))).isEmpty();
    assertThat(classify("499999 read(%s,  <detached ...>".formatted(A))).hasSize(1);
  }

  @Test
  void filesAreNotClassifiedOf() {
    assertThat(
            classify(
                "100000 read(4</usr/lib/jvm/lib/modules>, \"\\177\"..., 512) = 512 <0.000010>"))
        .isEmpty();
  }

  @Test
  void toWaitForAPipeWithANameAndForSocketsIsClassifiedOf() {
    List<Call> calls =
        classify(
            "100000 poll([{fd=3</tmp/fifo>, events=POLLIN}, {fd=%s, events=POLLIN}], 2, -1) = 1"
                    .formatted(A)
                + " ([{fd=9, revents=POLLIN}]) <0.050000>",
            "160000 pselect6(10, [3</tmp/fifo> %s], NULL, NULL, NULL, NULL) = 1 (in [9]) <0.050000>"
                .formatted(A));

    assertThat(calls).extracting(Call::kind).containsExactly(Kind.WAIT, Kind.WAIT);
  }
}
