package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;

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
