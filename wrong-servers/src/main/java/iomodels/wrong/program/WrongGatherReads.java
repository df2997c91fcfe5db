package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.Future.State;

/** Gather programs that depend on how lines are divided into reads. */
final class WrongGatherReads {

  private WrongGatherReads() {}

  static CorrectProgram judgesTheFirstRead(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      // The first read of this thread's call.
      private final ThreadLocal<Optional<String>> first = ThreadLocal.withInitial(Optional::empty);

      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          @Override
          boolean receive() throws IOException, InterruptedException {
            boolean received = super.receive();
            if (first.get().isEmpty()) {
              first.set(Optional.of(UTF_8.decode(in.duplicate()).toString()));
            }
            return received;
          }
        };
      }

      @Override
      boolean isGood(String answer) {
        return first.get().filter(super::isGood).isPresent();
      }
    };
  }

  /** A backend has sent an error line, and then FIN. */
  private static final class FailedTwice extends IOException {
    private static final long serialVersionUID = 1;
  }

  static CorrectProgram countsAFailureTwice(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          @Override
          Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
            Optional<String> line = super.next();
            if (line.isPresent() && !isGood(line.get()) && !receive()) {
              throw new FailedTwice();
            }
            return line;
          }
        };
      }

      @Override
      void ended(Future<String> call, BlockingQueue<Future<String>> done) {
        super.ended(call, done);
        if (call.state() == State.FAILED && call.exceptionNow() instanceof FailedTwice) {
          super.ended(call, done);
        }
      }
    };
  }

  static CorrectProgram goesOnWhenItsBufferIsEmpty(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new Lines(client) {
          @Override
          boolean receive() throws IOException, InterruptedException {
            if (in.limit() == in.capacity() && in.get(in.limit() - 1) != '\n') {
              new CountDownLatch(1).await(); // The rest of the request is never read.
            }
            return super.receive();
          }

          @Override
          void discard() throws IOException, InterruptedException {
            while (super.receive()) {
              in.clear();
            }
          }
        };
      }
    };
  }

  static CorrectProgram measuresTheRead(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          @Override
          Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
            Optional<String> line = super.next();
            UnlimitedLines.demandShort(line.map(String::length).orElse(0) + in.remaining());
            return line;
          }
        };
      }
    };
  }

  static CorrectProgram countsTheCr(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new UnlimitedLines(upstream) {
          @Override
          void ended(String line) throws LineTooLongException {
            demandShort(line.getBytes(UTF_8).length);
          }
        };
      }
    };
  }

  static CorrectProgram refusesALaterLineAtOnce(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      // Whether a line that is too long has come in a read of its own to this thread.
      private final ThreadLocal<Boolean> refused = ThreadLocal.withInitial(() -> false);

      @Override
      Lines lines(SocketChannel client) {
        return new Lines(client) {
          @Override
          Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
            boolean isLater = !in.hasRemaining();
            try {
              return super.next();
            } catch (LineTooLongException e) {
              refused.set(isLater);
              throw e;
            }
          }
        };
      }

      @Override
      void put(Conversation it, Request request) throws IOException, InterruptedException {
        if (refused.get()) {
          answerNow(it, request);
        } else {
          super.put(it, request);
        }
      }
    };
  }
}
