package iomodels.wrong.program;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * A correct program that answers requests, each a line, one at a time: two threads for each client,
 * of which one reads, and so notices that the client is gone, while the other answers.
 */
abstract class CorrectAnswerer extends CorrectProgram {

  private static final Request END = () -> "";

  CorrectAnswerer(ProgramConfig config) throws IOException {
    super(config);
  }

  /** What a client wants. */
  @FunctionalInterface
  interface Request {

    /** Takes as long as it takes; interrupted if nobody wants the answer any more. */
    String answer() throws IOException, InterruptedException;
  }

  /** With a client. */
  static final class Conversation {

    final SocketChannel client;
    final Lines lines;
    final BlockingQueue<Request> requests = new ArrayBlockingQueue<>(1);

    Conversation(Lines lines) {
      this.client = lines.channel;
      this.lines = lines;
    }
  }

  @Override
  final void serve(SocketChannel client) throws IOException, InterruptedException {
    Conversation it = new Conversation(lines(client));
    Thread reader = Thread.currentThread();
    Thread answerer = Thread.ofVirtual().start(() -> answerAll(it, reader));
    try {
      readAll(it);
      it.requests.put(END);
      it.lines.discard();
      answerer.join();
    } finally {
      gone(answerer);
    }
  }

  Lines lines(SocketChannel client) {
    return new Lines(client);
  }

  /** To the FIN, or to the first line that is no request. */
  private void readAll(Conversation it) throws IOException, InterruptedException {
    try {
      for (Optional<String> line = it.lines.next(); line.isPresent(); line = it.lines.next()) {
        Optional<Request> request = request(line.get());
        put(it, request.orElse(this::expected));
        if (request.isEmpty()) {
          return;
        }
      }
      finished(it);
    } catch (LineTooLongException _) {
      put(it, () -> LineTooLongException.ANSWER);
    }
  }

  /** Of a line; empty if it is none. */
  abstract Optional<Request> request(String line);

  /** Said to whoever asks for anything else. */
  abstract String expected();

  /** Waits while another one waits to be answered: such a client is not read. */
  void put(Conversation it, Request request) throws IOException, InterruptedException {
    it.requests.put(request);
  }

  /** The client has finished sending, and is still owed its answers. */
  void finished(Conversation it) throws IOException {}

  /** There is no client any more. */
  void gone(Thread answerer) {
    answerer.interrupt();
  }

  private void answerAll(Conversation it, Thread reader) {
    try {
      for (Request each = it.requests.take(); !each.equals(END); each = it.requests.take()) {
        say(it.client, answer(each));
      }
      it.client.shutdownOutput();
    } catch (IOException _) {
      quietly(it.client);
      reader.interrupt(); // it may be waiting to put a request, which nobody would take
    } catch (InterruptedException _) {
      quietly(it.client);
    }
  }

  /** Says the answer to one, whatever else is to be answered. */
  final void answerNow(Conversation it, Request request) {
    try {
      say(it.client, request.answer());
    } catch (IOException | InterruptedException _) {
      quietly(it.client);
    }
  }

  String answer(Request request) throws IOException, InterruptedException {
    return request.answer();
  }
}
