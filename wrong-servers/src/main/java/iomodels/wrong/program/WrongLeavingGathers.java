package iomodels.wrong.program;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Gather programs that notice only at some times that their client is gone. */
final class WrongLeavingGathers {

  private static final long MOMENT_MILLIS = 100;

  private WrongLeavingGathers() {}

  static CorrectProgram watchesDuringTheFirstRequest(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Set<Conversation> begun = ConcurrentHashMap.newKeySet();

      @Override
      void put(Conversation it, Request request) throws IOException, InterruptedException {
        if (begun.add(it)) {
          super.put(it, request);
          return;
        }
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

  static CorrectProgram goesOnAfterAFailedAnswer(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Set<Conversation> finished = ConcurrentHashMap.newKeySet();

      @Override
      void finished(Conversation it) {
        finished.add(it);
      }

      @Override
      void lost(Conversation it) {
        if (finished.contains(it)) {
          answerNext(it);
        }
        super.lost(it);
      }

      private void answerNext(Conversation it) {
        try {
          Request next = it.requests.poll(MOMENT_MILLIS, TimeUnit.MILLISECONDS);
          if (next != null) {
            answer(next);
          }
        } catch (IOException | InterruptedException _) {
          // The program stops.
        }
      }
    };
  }
}
