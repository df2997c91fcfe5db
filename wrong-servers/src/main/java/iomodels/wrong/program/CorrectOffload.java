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

/** The correct offload program: platform threads work while the client's thread waits. */
class CorrectOffload extends CorrectAnswerer {

  final ThreadPoolExecutor pool;

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

  /** Creates the bounded queue of tasks; when it is full, tasks are refused. */
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

  /** Runs the task in the calling thread. */
  String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
    return work.answer();
  }

  String elsewhere(OffloadRequest.Task work) throws IOException, InterruptedException {
    FutureTask<String> task = task(work);
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

  FutureTask<String> task(OffloadRequest.Task work) {
    return new FutureTask<>(() -> slowly(work));
  }

  /** Returns the answer when the queue is full. */
  String refused(OffloadRequest.Task work) throws IOException, InterruptedException {
    return OffloadRequest.BUSY;
  }

  /** Called when the task is done or the client has left. */
  void forget(FutureTask<String> task) {
    task.cancel(true);
    pool.remove(task);
  }

  /** Removes a task from the queue if it has not started. */
  final void remove(Runnable task) {
    pool.remove(task);
  }

  @Override
  void stop() {
    pool.shutdownNow();
  }
}
