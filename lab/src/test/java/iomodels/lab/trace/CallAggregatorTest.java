package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.trace.Call.Kind;
import iomodels.lab.trace.Trace.Track;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallAggregatorTest {

  private static Call call(
      int start, int duration, String name, String result, Kind kind, String client) {
    long waited = kind == Kind.WAIT || kind == Kind.PARK ? duration : 0;
    return new Call(start, duration, waited, name, "9", result, kind, client, 1);
  }

  private static List<Call> aggregate(List<Call> calls, int enough) {
    return CallAggregator.aggregate(List.of(new Track("loop", calls)), enough).getFirst().calls();
  }

  @Test
  void consecutivePollsAreMergedForAllClients() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 900; i++) {
      calls.add(
          call(i * 100, 10, "read", "-1 EAGAIN", Kind.ASK, List.of("A", "B", "C").get(i % 3)));
    }
    calls.add(call(90_000, 10, "accept", "-1 EAGAIN", Kind.ASK, ""));
    calls.add(call(90_100, 10, "read", "6", Kind.COPY, "A"));

    assertThat(aggregate(calls, 100))
        .containsExactly(
            new Call(0, 90_010, 0, "read, accept", "", "-1 EAGAIN", Kind.ASK, "", 901),
            calls.getLast());
  }

  @Test
  void questionsFarApartAreTwo() {
    List<Call> calls =
        List.of(
            call(0, 10, "read", "-1 EAGAIN", Kind.ASK, "A"),
            call(50_000, 10, "read", "-1 EAGAIN", Kind.ASK, "A"));

    assertThat(aggregate(calls, 100)).isEqualTo(calls);
  }

  @Test
  void whatIsFewIsLeftAlone() {
    List<Call> calls =
        List.of(
            call(0, 10, "read", "6", Kind.COPY, "A"),
            call(20, 10, "read", "6", Kind.COPY, "A"),
            call(40, 10, "write", "12", Kind.COPY, "A"));

    assertThat(aggregate(calls, 3)).isEqualTo(calls);
  }

  @Test
  void theSameCallForTheSameClientIsFoldedFirst() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      calls.add(call(i * 20, 10, "read", "7", Kind.COPY, "A"));
    }
    calls.add(call(120, 10, "read", "8", Kind.COPY, "B"));

    assertThat(aggregate(calls, 2))
        .containsExactly(
            new Call(0, 110, 0, "read", "9", "42", Kind.COPY, "A", 6), calls.getLast());
  }

  @Test
  void aShortConversationStaysAsItIs() {
    List<Call> calls =
        List.of(
            call(0, 10, "read", "6", Kind.COPY, "A"),
            call(20, 10, "write", "6", Kind.COPY, "A"),
            call(40, 10, "read", "6", Kind.COPY, "B"),
            call(60, 10, "write", "6", Kind.COPY, "B"));

    assertThat(aggregate(calls, 1)).isEqualTo(calls);
  }

  @Test
  void aBurstForOneClientIsOneAndKeepsItsBytes() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      calls.add(call(i * 100, 10, "epoll_wait", "1", Kind.WAIT, ""));
      calls.add(call(i * 100 + 20, 10, "read", "1000", Kind.COPY, "C"));
      calls.add(call(i * 100 + 40, 10, "write", "900", Kind.COPY, "C"));
    }
    calls.add(call(10_000, 50_000, "epoll_wait", "1", Kind.WAIT, ""));
    calls.add(call(60_010, 10, "read", "6", Kind.COPY, "A"));

    assertThat(aggregate(calls, 10))
        .containsExactly(
            new Call(
                0,
                9_950,
                1_000,
                "epoll_wait, read, write",
                "",
                "100000 in, 90000 out",
                Kind.COPY,
                "C",
                300),
            calls.get(300),
            calls.get(301));
  }

  @Test
  void theDirectionOfTheBytesIsKeptIfTheBurstAlsoTriedTheOther() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      calls.add(call(i * 100, 10, "write", "900", Kind.COPY, "C"));
      calls.add(call(i * 100 + 20, 10, "read", "-1 EAGAIN", Kind.ASK, "C"));
    }

    assertThat(aggregate(calls, 10)).extracting(Call::result).containsExactly("0 in, 90000 out");
  }

  @Test
  void clientsAreKeptApart() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      calls.add(call(i * 20, 10, "read", "6", Kind.COPY, i < 50 ? "A" : "B"));
    }

    assertThat(aggregate(calls, 10)).extracting(Call::client).containsExactly("A", "B");
  }

  @Test
  void longWaitsAreNeverFolded() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      calls.add(call(i * 100_000, 99_000, "epoll_wait", "1", Kind.WAIT, ""));
      calls.add(call(i * 100_000 + 99_500, 10, "read", "6", Kind.COPY, "A"));
    }

    assertThat(aggregate(calls, 5)).isEqualTo(calls);
  }
}
