package iomodels.wrong.program;

import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;

/** Offload programs that are wrong when a client leaves, or when a file is refused. */
final class WrongOffloadLeavers {

  private WrongOffloadLeavers() {}

  /** Knows which clients have got an answer: each has a thread of its own that answers. */
  private static class Remembering extends CorrectOffload {

    private final Set<Thread> answered = ConcurrentHashMap.newKeySet();

    Remembering(ProgramConfig config) throws IOException {
      super(config);
    }

    final boolean hasAnswered(Thread answerer) {
      return answered.contains(answerer);
    }

    @Override
    void send(Conversation it, String answer) throws IOException {
      super.send(it, answer);
      answered.add(Thread.currentThread());
    }
  }

  static CorrectProgram keepsSecondPlaces(ProgramConfig config) throws IOException {
    return new Remembering(config) {
      @Override
      void forget(FutureTask<String> task) {
        if (hasAnswered(Thread.currentThread())) {
          task.cancel(true);
        } else {
          super.forget(task);
        }
      }
    };
  }

  static CorrectProgram watchesTheFirstRequest(ProgramConfig config) throws IOException {
    return new Remembering(config) {
      @Override
      void gone(Thread answerer) {
        if (!hasAnswered(answerer)) {
          super.gone(answerer);
        }
      }
    };
  }

  /** Opens what a link leads to, and then sees that it is outside the folder. */
  static CorrectProgram keepsTargetsOpen(ProgramConfig config) throws IOException {
    Queue<InputStream> open = new ConcurrentLinkedQueue<>();
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (work instanceof OffloadRequest.Read read && Files.isSymbolicLink(read.file())) {
          open.add(Files.newInputStream(read.file()));
        }
        return super.slowly(work);
      }

      @Override
      void stop() {
        super.stop();
        open.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  /** The thread that reads waits for the one that answers, which has ended. */
  static CorrectProgram leavesTheUnreadOpen(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      void put(Conversation it, Request request) {
        boolean isPut = false;
        while (!isPut) {
          try {
            it.requests.put(request);
            isPut = true;
          } catch (InterruptedException _) {
            // It waits on.
          }
        }
      }

      @Override
      void lost(Conversation it) {}
    };
  }

  static CorrectProgram ignoresFailedWrites(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      void send(Conversation it, String answer) {
        try {
          super.send(it, answer);
        } catch (IOException _) {
          // The next read is expected to fail as well.
        }
      }
    };
  }

  /** Two clients that send the same text are taken for one. */
  static CorrectProgram cancelsRunningEquals(ProgramConfig config) throws IOException {
    Map<OffloadRequest.Task, FutureTask<String>> tasks = new ConcurrentHashMap<>();
    return new CorrectOffload(config) {
      @Override
      FutureTask<String> task(OffloadRequest.Task work) {
        FutureTask<String> task = super.task(work);
        tasks.put(work, task);
        return task;
      }

      @Override
      String elsewhere(OffloadRequest.Task work) throws IOException, InterruptedException {
        try {
          return super.elsewhere(work);
        } catch (InterruptedException e) {
          Optional.ofNullable(tasks.get(work)).ifPresent(it -> it.cancel(true));
          throw e;
        } catch (CancellationException e) {
          throw new IOException(e);
        }
      }
    };
  }

  static CorrectProgram removesWaitingEquals(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      FutureTask<String> task(OffloadRequest.Task work) {
        return new EqualTask(work, () -> slowly(work));
      }
    };
  }

  /** Equal to a task for the same request of another client. */
  private static final class EqualTask extends FutureTask<String> {

    private final OffloadRequest.Task work;

    EqualTask(OffloadRequest.Task work, Callable<String> task) {
      super(task);
      this.work = work;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof EqualTask it && work.equals(it.work);
    }

    @Override
    public int hashCode() {
      return work.hashCode();
    }
  }
}
