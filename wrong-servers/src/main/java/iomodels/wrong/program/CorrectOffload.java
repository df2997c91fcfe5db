package iomodels.wrong.program;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/** The correct one that works: platform threads work, and the client's own waits. */
class CorrectOffload extends CorrectAnswerer {

  private final ThreadPoolExecutor pool;

  CorrectOffload(ProgramConfig config) throws IOException {
    super(config);
    pool =
        new ThreadPoolExecutor(
            config.workers(),
            config.workers(),
            0,
            MILLISECONDS,
            queue(),
            Thread.ofPlatform().daemon().factory());
  }

  /** Where work waits; what it has no place for is refused. */
  BlockingQueue<Runnable> queue() {
    return new ArrayBlockingQueue<>(config.queue());
  }

  @Override
  Optional<Request> request(String line) {
    return OffloadRequest.parse(line, config.folder()).map(it -> () -> done(it));
  }

  @Override
  String expected() {
    return OffloadRequest.MALFORMED;
  }

  String done(OffloadRequest work) throws IOException, InterruptedException {
    return switch (work) {
      case OffloadRequest.Ping _ -> OffloadRequest.PONG;
      case OffloadRequest.Task slow -> elsewhere(slow);
    };
  }

  /** Works, in this thread. */
  String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
    return work.answer();
  }

  String elsewhere(OffloadRequest.Task work) throws IOException, InterruptedException {
    FutureTask<String> task = new FutureTask<>(() -> slowly(work));
    try {
      pool.execute(task);
      return task.get();
    } catch (RejectedExecutionException _) {
      return refused(work);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    } finally {
      forget(task);
    }
  }

  /** There is no place for it. */
  String refused(OffloadRequest.Task work) throws IOException, InterruptedException {
    return OffloadRequest.BUSY;
  }

  /** It is done, or nobody wants it any more. */
  void forget(FutureTask<String> task) {
    task.cancel(true);
    pool.remove(task);
  }

  /** Takes it out of the queue, if it has not begun. */
  final void remove(Runnable task) {
    pool.remove(task);
  }

  @Override
  void stop() {
    pool.shutdownNow();
  }
}
