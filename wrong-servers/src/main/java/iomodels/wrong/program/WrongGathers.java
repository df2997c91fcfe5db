package iomodels.wrong.program;

import static iomodels.program.Programs.GATHER;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.GatherRequest;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Gather programs that break a rule: section 12. */
final class WrongGathers {

  static final List<WrongProgram> ALL =
      List.of(
          wrong(
              "gather-one-after-another",
              "12.01",
              "Asks the backends one after another.",
              "but none was made",
              WrongGathers::oneAfterAnother),
          wrong(
              "gather-in-the-order-of-arrival",
              "12.01",
              "Returns the answers in their order of arrival.",
              "ok one\\n\" (0x74)",
              WrongGathers::inTheOrderOfArrival),
          wrong(
              "gather-takes-a-read-for-an-answer",
              "12.02",
              "Treats one read as a backend's whole answer.",
              "\"ok o",
              WrongGathers::takesAReadForAnAnswer),
          wrong(
              "gather-takes-an-end-for-a-newline",
              "12.03",
              "Treats the bytes before the end of input as a complete line, as BufferedReader"
                  + " does.",
              "\\nok half",
              WrongGathers::takesAnEndForANewline),
          wrong(
              "gather-waits-for-the-last",
              "12.04",
              "Waits for the slowest backend, without a deadline.",
              "nothing came for",
              config ->
                  new CorrectGather(config) {
                    @Override
                    String await(Future<String> call, long deadline)
                        throws InterruptedException, ExecutionException {
                      return call.get();
                    }
                  }),
          wrong(
              "gather-forgets-the-late",
              "12.04",
              "Answers at the deadline, but does not cancel the late calls.",
              "it did not end",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void cancelOfAll(Future<String> call) {}
                  }),
          wrong(
              "gather-takes-the-first-even-if-bad",
              "12.05",
              "Returns the first answer even if it is an error.",
              "\"ok error",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean isGood(String answer) {
                      return true;
                    }
                  }),
          wrong(
              "gather-lets-losers-run",
              "12.06",
              "Returns the first good answer, but does not cancel the other calls.",
              "it did not end",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void cancelOfFirst(Future<String> call) {}
                  }),
          wrong(
              "gather-never-retries",
              "12.07",
              "Does not retry when all backends have failed.",
              "but none was made",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean retries(int tries) {
                      return false;
                    }
                  }),
          wrong(
              "gather-retries-at-once",
              "12.07",
              "Retries without a pause.",
              "expected a pause of",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void backOff() {}
                  }),
          wrong(
              "gather-retries-for-ever",
              "12.08",
              "Retries without limit while all backends fail.",
              "nothing came for",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean retries(int tries) {
                      return true;
                    }
                  }),
          wrong(
              "gather-first-has-no-deadline",
              "12.09",
              "Applies the deadline to \"all\" requests, but not to \"first\" requests.",
              "nothing came for",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Optional<Future<String>> next(BlockingQueue<Future<String>> done, long deadline)
                        throws InterruptedException {
                      return Optional.of(done.take());
                    }
                  }),
          wrong(
              "gather-calls-late-failed",
              "12.09",
              "Answers \"failed\" instead of \"late\" when the deadline passes.",
              "\"faile",
              config ->
                  new CorrectGather(config) {
                    @Override
                    String firstLate() {
                      return FAILED;
                    }
                  }),
          wrong(
              "gather-does-not-watch-its-client",
              "12.10",
              "Does not read from the client while it asks, and so does not notice that the client"
                  + " has left.",
              "it did not end",
              WrongGathers::doesNotWatchItsClient),
          wrong(
              "gather-cancels-nothing",
              "12.10",
              "Notices that the client has left, but does not cancel its calls.",
              "it did not end",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void gone(Thread answerer) {}
                  }),
          wrong(
              "gather-requests-side-by-side",
              "12.11",
              "Processes several requests of one client at the same time.",
              "but one was made",
              WrongGathers::requestsSideBySide),
          wrong(
              "gather-takes-fin-for-hang-up",
              "12.12",
              "Shuts down its output at the client's FIN, before the pending answers.",
              "but got FIN",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void finished(Conversation it) throws IOException {
                      it.client.shutdownOutput();
                    }
                  }),
          wrong(
              "gather-one-question-at-a-time",
              "12.13",
              "Processes the requests of all clients one after another.",
              "but none was made",
              WrongGathers::oneQuestionAtATime),
          wrong(
              "gather-refuses-and-goes-on",
              "12.14",
              "Leaves the connection open after a malformed request.",
              "expected FIN within",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Optional<Request> request(String line) {
                      Request refusal = this::expected;
                      return super.request(line).or(() -> Optional.of(refusal));
                    }
                  }),
          wrong(
              "gather-finishes-and-does-not-close",
              "12.15",
              "Shuts down its output to a backend that has answered, but does not close the"
                  + " connection.",
              "descriptors after all clients have left",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void endCall(SocketChannel upstream) throws IOException {
                      upstream.shutdownOutput();
                    }
                  }),
          wrong(
              "gather-waits-for-all-to-leave",
              "12.16",
              "Waits for its clients to leave for six times the grace period.",
              "it still runs",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void dismiss(SocketChannel client) {}

                    @Override
                    Duration gracePeriod() {
                      return config.gracePeriod().multipliedBy(6);
                    }
                  }),
          wrong(
              "gather-connects-to-the-end",
              "12.17",
              "Connects in a separate thread, and does not interrupt it.",
              "calls that are still connecting",
              WrongGathers::connectsToTheEnd));

  private WrongGathers() {}

  private static WrongProgram wrong(
      String name, String rule, String fault, String symptom, WrongProgram.Factory factory) {
    return new WrongProgram(name, GATHER, rule, fault, symptom, WrongProgram.starting(factory));
  }

  private static CorrectProgram oneAfterAnother(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String all(String text, long deadline) throws InterruptedException {
        StringBuilder answer = new StringBuilder();
        for (InetSocketAddress each : config.upstreams()) {
          answer.append(ask(each, text, deadline));
        }
        return answer.toString();
      }

      private String ask(InetSocketAddress backend, String text, long deadline)
          throws InterruptedException {
        Future<String> call = begin(backend, text, new LinkedBlockingQueue<>());
        try {
          return outcome(call, deadline);
        } finally {
          cancelOfAll(call);
        }
      }
    };
  }

  private static CorrectProgram inTheOrderOfArrival(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String all(String text, long deadline) throws InterruptedException {
        BlockingQueue<Future<String>> done = new LinkedBlockingQueue<>();
        List<Future<String>> calls = begin(text, done);
        try {
          StringBuilder answer = new StringBuilder();
          for (int i = 0; i < calls.size(); i++) {
            Optional<Future<String>> next = next(done, deadline);
            answer.append(next.isEmpty() ? LATE : outcome(next.get(), deadline));
          }
          return answer.toString();
        } finally {
          calls.forEach(this::cancelOfAll);
        }
      }
    };
  }

  private static CorrectProgram takesAReadForAnAnswer(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          @Override
          Optional<String> next() throws IOException, InterruptedException {
            return receive() ? Optional.of(UTF_8.decode(in).toString().strip()) : Optional.empty();
          }
        };
      }
    };
  }

  private static CorrectProgram takesAnEndForANewline(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          private boolean ended;

          @Override
          boolean receive() throws IOException, InterruptedException {
            if (super.receive()) {
              return true;
            }
            in.clear().put((byte) '\n').flip();
            boolean isFirst = !ended;
            ended = true;
            return isFirst;
          }
        };
      }
    };
  }

  private static CorrectProgram doesNotWatchItsClient(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      void put(Conversation it, Request request) throws IOException, InterruptedException {
        CountDownLatch answered = new CountDownLatch(1);
        super.put(
            it,
            () -> {
              try {
                return request.answer();
              } finally {
                answered.countDown();
              }
            });
        answered.await();
      }
    };
  }

  private static CorrectProgram requestsSideBySide(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Semaphore asked = new Semaphore(0);

      @Override
      void put(Conversation it, Request request) throws InterruptedException {
        Thread.startVirtualThread(
            () -> {
              answerNow(it, request);
              asked.release();
            });
        asked.acquire();
      }

      @Override
      Lines backendLines(SocketChannel upstream) {
        asked.release();
        return super.backendLines(upstream);
      }
    };
  }

  private static CorrectProgram oneQuestionAtATime(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Lock turn = new ReentrantLock();

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        turn.lockInterruptibly();
        try {
          return super.ask(question);
        } finally {
          turn.unlock();
        }
      }
    };
  }

  private static CorrectProgram connectsToTheEnd(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      SocketChannel connect(InetSocketAddress backend) throws IOException, InterruptedException {
        FutureTask<SocketChannel> connecting = new FutureTask<>(() -> SocketChannel.open(backend));
        Thread.startVirtualThread(connecting);
        try {
          return connecting.get();
        } catch (ExecutionException e) {
          throw new IOException(e.getCause());
        }
      }
    };
  }
}
