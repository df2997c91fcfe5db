package iomodels.wrong.program;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.program.GatherRequest;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;

/**
 * Gather programs in which requests, clients or upstreams share what each should have; one of them
 * drops answers.
 */
final class WrongSharingGathers {

  private static final int KEPT_ANSWERS = 16;

  /** Stands behind the last answer of a client. */
  private static final String END = "";

  private WrongSharingGathers() {}

  static CorrectProgram sharesATimer(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private volatile long latest;

      @Override
      long deadline() {
        latest = super.deadline();
        return latest;
      }

      @Override
      String await(Future<String> call, long deadline)
          throws InterruptedException, ExecutionException, TimeoutException {
        while (true) {
          long until = latest;
          try {
            return super.await(call, until);
          } catch (TimeoutException e) {
            if (until == latest) {
              throw e;
            }
          }
        }
      }
    };
  }

  static CorrectProgram sharesAPause(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private volatile long end;

      @Override
      boolean backOff(String text, long deadline) throws InterruptedException {
        end = System.nanoTime() + config.backOff().toNanos();
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
          if (deadline - System.nanoTime() < 0) {
            return false;
          }
          NANOSECONDS.sleep(Math.min(left, deadline - System.nanoTime()));
        }
        return true;
      }
    };
  }

  static CorrectProgram cancelsEqualQuestions(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Map<GatherRequest, FutureTask<String>> asking = new ConcurrentHashMap<>();

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        FutureTask<String> own = new FutureTask<>(() -> super.ask(question));
        asking.put(question, own);
        Thread.startVirtualThread(own);
        try {
          return own.get();
        } catch (ExecutionException | CancellationException _) {
          return FAILED;
        } catch (InterruptedException e) { // The client is gone.
          asking.getOrDefault(question, own).cancel(true);
          throw e;
        }
      }
    };
  }

  static CorrectProgram asksEqualUpstreamsOnce(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      List<InetSocketAddress> backends() {
        return config.upstreams().stream().distinct().toList();
      }
    };
  }

  static CorrectProgram dropsAnswers(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Map<Conversation, Outbox> outboxes = new ConcurrentHashMap<>();

      @Override
      void send(Conversation it, String answer) {
        BlockingQueue<String> answers = outbox(it).answers;
        if (answers.size() < KEPT_ANSWERS) {
          answers.add(answer);
        }
      }

      @Override
      void endAnswers(Conversation it) {
        Outbox outbox = outbox(it);
        outbox.answers.add(END);
        try {
          outbox.writer.join();
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      }

      private Outbox outbox(Conversation it) {
        return outboxes.computeIfAbsent(
            it,
            _ -> {
              BlockingQueue<String> answers = new LinkedBlockingQueue<>();
              return new Outbox(answers, Thread.startVirtualThread(() -> writeAll(it, answers)));
            });
      }

      private void writeAll(Conversation it, BlockingQueue<String> answers) {
        try {
          for (String next = answers.take(); !next.equals(END); next = answers.take()) {
            super.send(it, next);
          }
          super.endAnswers(it);
        } catch (IOException _) {
          lost(it);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  /** What waits to be written to a client, and the thread that writes it. */
  private record Outbox(BlockingQueue<String> answers, Thread writer) {}
}
