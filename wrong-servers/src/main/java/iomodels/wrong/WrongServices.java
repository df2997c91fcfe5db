package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Servers that break the rules on services other than upper: section 3. */
final class WrongServices {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "answers-by-the-word",
              "3.01",
              "Answers input that ends in a space, although the line is not complete.",
              "silence for",
              WrongServices::answersByTheWord),
          WrongServer.of(
              "empty-lines-skipped",
              "3.02",
              "Splits a chunk into lines as strtok does, so empty lines vanish.",
              "(byte 8 being 0x0A)",
              WrongServices::emptyLinesSkipped),
          WrongServer.of(
              "cr-at-the-end-of-a-chunk",
              "3.03",
              "Drops a CR that is the last byte of a read.",
              "\"SPLIT\\n",
              WrongServices::crAtTheEndOfAChunk),
          WrongServer.of(
              "limit-counts-the-newline",
              "3.04",
              "Counts the LF towards the limit, and so refuses the longest permitted line.",
              "\"ERR line too long",
              WrongServices::limitCountsTheNewline),
          WrongServer.of(
              "constant-per-byte",
              "3.05",
              "Sends the constant once per byte instead of once per request.",
              "silence for",
              WrongServices::constantPerByte),
          WrongServer.of(
              "gives-up-on-slow-readers",
              "3.06",
              "Closes the connection when the client reads nothing for 20 ms.",
              "got FIN after",
              WrongServices::givesUpOnSlowReaders));

  private static final int MAX_LINE = 8192;

  private WrongServices() {}

  private static CorrectServer answersByTheWord(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        int last = it.in.limit() - 1;
        boolean word = it.in.hasRemaining() && it.in.get(last) == ' ';
        return word
            ? Services.UPPER.open().advance(it.in, it.out, endOfInput)
            : super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer emptyLinesSkipped(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (service.equals(Services.LINES)) {
          int kept = 0;
          for (int i = 0; i < it.in.limit(); i++) {
            if (it.in.get(i) != '\n' || kept == 0 || it.in.get(kept - 1) != '\n') {
              it.in.put(kept++, it.in.get(i));
            }
          }
          it.in.limit(kept);
        }
        return received;
      }
    };
  }

  private static CorrectServer crAtTheEndOfAChunk(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        int last = it.in.limit() - 1;
        if (service.equals(Services.LINES) && last >= 0 && it.in.get(last) == '\r') {
          it.in.limit(last);
        }
        return received;
      }
    };
  }

  private static CorrectServer limitCountsTheNewline(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (service.equals(Services.LINES) && it.in.limit() > MAX_LINE) {
          it.in.put(MAX_LINE, (byte) '?'); // the LF counts as a byte of the line
        }
        return received;
      }
    };
  }

  private static CorrectServer constantPerByte(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        if (service.equals(Services.FIXED)) {
          while (it.in.remaining() > 1) {
            ByteBuffer one = it.in.slice(it.in.position(), 1);
            it.session.advance(one, it.out, false);
            it.in.get();
          }
        }
        return super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer givesUpOnSlowReaders(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        it.channel.configureBlocking(false);
        while (it.out.hasRemaining()) {
          int n = it.channel.write(it.out);
          if (n == 0) {
            TimeUnit.MILLISECONDS.sleep(20);
            n = it.channel.write(it.out);
          }
          if (n == 0) {
            throw new EOFException("too slow");
          }
        }
        it.channel.configureBlocking(true);
      }
    };
  }
}
