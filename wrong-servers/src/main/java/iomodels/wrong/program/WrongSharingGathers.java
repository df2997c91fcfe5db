package iomodels.wrong.program;

import iomodels.program.GatherRequest;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;

/** Gather programs in which the requests of different clients share what each should have. */
final class WrongSharingGathers {

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
}
