package iomodels.wrong.program;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.program.GatherRequest;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Future.State;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;

/** The correct gather program: one thread for each call to a backend. */
class CorrectGather extends CorrectAnswerer {

  static final String FAILED = "failed\n";
  static final String LATE = "late\n";

  CorrectGather(ProgramConfig config) throws IOException {
    super(config);
  }

  @Override
  Optional<Request> request(String line) {
    return GatherRequest.parse(line).map(it -> () -> ask(it));
  }

  @Override
  String expected() {
    return GatherRequest.MALFORMED;
  }

  String ask(GatherRequest question) throws InterruptedException {
    long deadline = deadline();
    return switch (question.kind()) {
      case ALL -> all(question.text(), deadline);
      case FIRST -> first(question.text(), deadline);
    };
  }

  /** Returns the time at which a request that begins now has to be answered. */
  long deadline() {
    return System.nanoTime() + config.deadline().toNanos();
  }

  String all(String text, long deadline) throws InterruptedException {
    List<Future<String>> calls = begin(text, new LinkedBlockingQueue<>());
    try {
      StringBuilder answer = new StringBuilder();
      for (Future<String> each : calls) {
        answer.append(outcome(each, deadline));
      }
      return answer.toString();
    } finally {
      calls.forEach(this::cancelOfAll);
    }
  }

  String outcome(Future<String> call, long deadline) throws InterruptedException {
    try {
      return "ok %s\n".formatted(await(call, deadline));
    } catch (ExecutionException _) {
      return FAILED;
    } catch (TimeoutException _) {
      return LATE;
    }
  }

  /** Waits for a backend's answer until the deadline. */
  String await(Future<String> call, long deadline)
      throws InterruptedException, ExecutionException, TimeoutException {
    return call.get(deadline - System.nanoTime(), NANOSECONDS);
  }

  void cancelOfAll(Future<String> call) {
    call.cancel(true);
  }

  String first(String text, long begun) throws InterruptedException {
    long deadline = begun;
    for (int tries = 1; ; tries++) {
      BlockingQueue<Future<String>> done = new LinkedBlockingQueue<>();
      List<Future<String>> calls = begin(text, done);
      try {
        for (int i = 0; i < calls.size(); i++) {
          Optional<Future<String>> next = next(done, deadline);
          if (next.isEmpty()) {
            return firstLate();
          }
          if (next.get().state() == State.SUCCESS) {
            return goodAnswer(next.get(), done);
          }
        }
      } finally {
        calls.forEach(this::cancelOfFirst);
      }
      if (!retries(tries)) {
        return FAILED;
      }
      if (!backOff(text, deadline)) {
        return firstLate();
      }
      deadline = deadlineOfRetry(deadline);
    }
  }

  /**
   * Returns the answer of a call that has succeeded.
   *
   * @param done the calls that have ended since
   */
  String goodAnswer(Future<String> call, BlockingQueue<Future<String>> done) {
    return "ok %s\n".formatted(call.resultNow());
  }

  /** Returns the next call that has ended; empty at the deadline. */
  Optional<Future<String>> next(BlockingQueue<Future<String>> done, long deadline)
      throws InterruptedException {
    return Optional.ofNullable(done.poll(deadline - System.nanoTime(), NANOSECONDS));
  }

  /** Returns the answer for a deadline that passed without a good answer. */
  String firstLate() {
    return LATE;
  }

  void cancelOfFirst(Future<String> call) {
    call.cancel(true);
  }

  /** Returns whether to ask all backends again after this number of failed attempts. */
  boolean retries(int tries) {
    return tries == 1;
  }

  /** Pauses before a retry; returns false if the deadline has come first. */
  boolean backOff(String text, long deadline) throws InterruptedException {
    long left = deadline - System.nanoTime();
    NANOSECONDS.sleep(Math.min(config.backOff().toNanos(), left));
    return left > config.backOff().toNanos();
  }

  /** Returns the deadline of a retry: that of the request. */
  long deadlineOfRetry(long deadline) {
    return deadline;
  }

  /** Calls all backends; each call is added to the queue when it ends. */
  final List<Future<String>> begin(String text, BlockingQueue<Future<String>> done) {
    List<Future<String>> calls = new ArrayList<>();
    for (InetSocketAddress each : backends()) {
      calls.add(begin(each, text, done));
    }
    return calls;
  }

  List<InetSocketAddress> backends() {
    return config.upstreams();
  }

  final Future<String> begin(
      InetSocketAddress backend, String text, BlockingQueue<Future<String>> done) {
    FutureTask<String> call =
        new FutureTask<>(() -> call(backend, text)) {
          @Override
          protected void done() {
            ended(this, done);
          }
        };
    Thread.startVirtualThread(call);
    return call;
  }

  /** Called when a call has ended. */
  void ended(Future<String> call, BlockingQueue<Future<String>> done) {
    done.add(call);
  }

  /** An interrupt closes the connection. */
  String call(InetSocketAddress backend, String text)
      throws IOException, InterruptedException, LineTooLongException {
    SocketChannel upstream = connect(backend);
    try {
      writeFully(upstream, textToSend(text) + "\n");
      String answer = backendLines(upstream).next().orElseThrow(EOFException::new);
      if (!isGood(answer)) {
        throw new IOException(answer);
      }
      return answer;
    } finally {
      endCall(upstream);
    }
  }

  /** An interrupt closes the socket. */
  SocketChannel connect(InetSocketAddress backend) throws IOException, InterruptedException {
    return SocketChannel.open(backend);
  }

  /** Returns the text to send when the connection has been established. */
  String textToSend(String text) {
    return text;
  }

  /** Ends a call, whatever its result. */
  void endCall(SocketChannel upstream) throws IOException {
    upstream.close();
  }

  boolean isGood(String answer) {
    return GatherRequest.isSuccess(answer);
  }

  Lines backendLines(SocketChannel upstream) {
    return new Lines(upstream);
  }
}
