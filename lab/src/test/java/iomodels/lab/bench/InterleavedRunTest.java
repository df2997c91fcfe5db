package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.load.Load;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What a run measures, and how it treats servers that fail or use their processor when idle. */
class InterleavedRunTest {

  private static final InterleavedRun BRIEF =
      new InterleavedRun(Duration.ZERO, Duration.ofMillis(50), 2);

  @Test
  @EnabledOnOs(OS.LINUX)
  void aRoundReportsItsCost() throws Exception {
    Process busy = new ProcessBuilder("sh", "-c", "while :; do :; done").start();
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answer(listener));
      List<InterleavedRun.Round> rounds =
          measure(BRIEF, listener, busy.toHandle()).getFirst().rounds();

      assertThat(rounds)
          .hasSize(2)
          .allSatisfy(
              it -> {
                InterleavedRun.Cost cost = it.cost().orElseThrow();
                assertThat(it.load().busy()).isPositive();
                assertThat(cost.cpuMicrosPerMessage()).isPositive();
                assertThat(cost.threads()).isEqualTo(1);
              });
    } finally {
      busy.destroyForcibly();
    }
  }

  @Test
  void aRoundWithoutAReplyIsFollowedByALongerOne() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InterleavedRun hurried = new InterleavedRun(Duration.ZERO, Duration.ofNanos(1), 1);
      Thread.ofVirtual().start(() -> answer(listener));
      List<InterleavedRun.Round> rounds =
          measure(hurried, listener, ProcessHandle.current()).getFirst().rounds();

      assertThat(rounds)
          .singleElement()
          .satisfies(it -> assertThat(it.load().messages()).isPositive());
    }
  }

  /** The server serves one connection at a time: it sees the second when the first has closed. */
  @Test
  void loadsBeforeTheMeasuredOneHaveConnectionsOfTheirOwnAndCloseThem() throws Exception {
    List<Integer> lengths = new CopyOnWriteArrayList<>();
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                lengths.add(answer(listener));
                lengths.add(answer(listener));
                lengths.add(answer(listener));
              });
      List<InterleavedRun.RunResult> results =
          new InterleavedRun(Duration.ofMillis(10), Duration.ofMillis(10), 1)
              .measure(
                  List.of(server(listener, ProcessHandle.current())),
                  it -> List.of(Load.of(it.address(), 1, 64), Load.of(it.address(), 1, 128)),
                  it -> Load.of(it.address(), 1, 1),
                  () -> {});

      assertThat(results.getFirst().failure()).isEmpty();
      assertThat(results.getFirst().rounds()).hasSize(1);
      assertThat(lengths).as("bytes on the connections before").hasSizeGreaterThanOrEqualTo(2);
      assertThat(lengths.getFirst()).isPositive().matches(it -> it % 64 == 0);
      assertThat(lengths.get(1)).isPositive().matches(it -> it % 128 == 0);
    }
  }

  @Test
  void aServerThatFailsIsDroppedAndTheOthersContinue() throws Exception {
    try (ServerSocket good = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket bad = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answer(good));
      Thread.ofVirtual().start(() -> hangUp(bad));
      List<InterleavedRun.RunResult> results =
          BRIEF.measure(
              List.of(server(bad, ProcessHandle.current()), server(good, ProcessHandle.current())),
              it -> Load.of(it.address(), 1, 1),
              () -> {});

      assertThat(results.getFirst().failure()).startsWith("connection 1 of 1: ");
      assertThat(results.getFirst().rounds()).isEmpty();
      assertThat(results.getLast().failure()).isEmpty();
      assertThat(results.getLast().rounds()).hasSize(2);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aRestlessServerIsStoppedWhileOthersAreLoadedEvenIfItFailed() throws Exception {
    Process busy = new ProcessBuilder("sh", "-c", "while :; do :; done").start();
    try (ServerSocket good = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket bad = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket last = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answer(good));
      Thread.ofVirtual().start(() -> hangUp(bad));
      Thread.ofVirtual().start(() -> answer(last));
      ServerUnderTest quiet = server(good, ProcessHandle.current());
      ServerUnderTest restless = restless(bad, busy.toHandle());
      List<Boolean> stopped = new ArrayList<>();
      BRIEF.measure(
          List.of(quiet, restless, server(last, ProcessHandle.current())),
          it -> {
            if (!it.restless()) {
              stopped.add(becomes(busy, 'T'));
            }
            return Load.of(it.address(), 1, 1);
          },
          () -> {});

      assertThat(stopped).as("before its turn, and after it").containsExactly(true, true);
      assertThat(becomes(busy, 'R')).as("it runs again at the end").isTrue();
    } finally {
      busy.destroyForcibly();
    }
  }

  /** Interrupts again and again: cleaning up must not depend on a single interrupt. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void afterAnInterruptAllServersRunAndAllConnectionsAreClosed() throws Exception {
    Process first = new ProcessBuilder("sh", "-c", "while :; do :; done").start();
    Process second = new ProcessBuilder("sh", "-c", "while :; do :; done").start();
    try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread clientOfOne = Thread.ofVirtual().start(() -> answer(one));
      Thread clientOfOther = Thread.ofVirtual().start(() -> answer(other));
      List<ServerUnderTest> servers =
          List.of(restless(one, first.toHandle()), restless(other, second.toHandle()));
      CompletableFuture<Exception> thrown = new CompletableFuture<>();
      CountDownLatch prepared = new CountDownLatch(servers.size());
      InterleavedRun run = new InterleavedRun(Duration.ZERO, Duration.ofMinutes(10), 1);
      Thread measuring =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      run.measure(servers, it -> Load.of(it.address(), 1, 1), prepared::countDown);
                    } catch (InterruptedException | RuntimeException e) {
                      thrown.complete(e);
                    }
                  });
      prepared.await();
      while (measuring.isAlive()) {
        measuring.interrupt();
        Thread.onSpinWait();
      }

      assertThat(thrown).isCompletedWithValueMatching(InterruptedException.class::isInstance);
      assertThat(becomes(first, 'R')).as("the first server runs").isTrue();
      assertThat(becomes(second, 'R')).as("the second server runs").isTrue();
      clientOfOne.join();
      clientOfOther.join();
    } finally {
      first.destroyForcibly();
      second.destroyForcibly();
    }
  }

  private static ServerUnderTest restless(ServerSocket listener, ProcessHandle process) {
    return new ServerUnderTest(
        "restless",
        server(listener, process).address(),
        process,
        1,
        true,
        false,
        false,
        Optional.empty());
  }

  /** Returns whether a process reaches a state (man 5 proc) within ten seconds. */
  private static boolean becomes(Process process, char state) {
    Path stat = Path.of("/proc", String.valueOf(process.pid()), "stat");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    do {
      try {
        String line = Files.readString(stat);
        if (line.charAt(line.lastIndexOf(')') + 2) == state) {
          return true;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Thread.onSpinWait();
    } while (System.nanoTime() - deadline < 0);
    return false;
  }

  private static void hangUp(ServerSocket listener) {
    try (Socket client = listener.accept()) {
      client.getInputStream().read();
    } catch (IOException _) {
      // The run is over.
    }
  }

  private static List<InterleavedRun.RunResult> measure(
      InterleavedRun run, ServerSocket listener, ProcessHandle process) throws Exception {
    return run.measure(
        List.of(server(listener, process)), it -> Load.of(it.address(), 1, 1), () -> {});
  }

  private static ServerUnderTest server(ServerSocket listener, ProcessHandle process) {
    return ServerUnderTest.of(
        "it",
        new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.getLocalPort()),
        process);
  }

  /** Serves one client, and returns the number of bytes that it has answered. */
  private static int answer(ServerSocket listener) {
    int answered = 0;
    try (Socket client = listener.accept()) {
      InputStream in = client.getInputStream();
      for (int octet = in.read(); octet >= 0; octet = in.read()) {
        client.getOutputStream().write(octet >= 'a' && octet <= 'z' ? octet - 0x20 : octet);
        answered++;
      }
    } catch (IOException _) {
      // The run is over.
    }
    return answered;
  }
}
