package iomodels.wrong.program;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * A correct program that answers requests in lines, one at a time. It has two threads for each
 * client: one reads, and so notices when the client leaves, while the other answers.
 */
abstract class CorrectAnswerer extends CorrectProgram {

  private static final Request END = () -> "";

  CorrectAnswerer(ProgramConfig config) throws IOException {
    super(config);
  }

  /** A client's request. */
  @FunctionalInterface
  interface Request {

    /** Computes the answer; may block. Interrupted when the client has left. */
    String answer() throws IOException, InterruptedException;
  }

  /** The state of one client's connection. */
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

  /** Reads requests until FIN or the first malformed line. */
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

  /** Parses a line; empty if it is malformed. */
  abstract Optional<Request> request(String line);

  /** Returns the answer to a malformed request. */
  abstract String expected();

  /** Blocks while another request is pending, so that the client is not read meanwhile. */
  void put(Conversation it, Request request) throws IOException, InterruptedException {
    it.requests.put(request);
  }

  /** Called at the client's FIN, while answers may be pending. */
  void finished(Conversation it) throws IOException {}

  /** Called when the client has left. */
  void gone(Thread answerer) {
    answerer.interrupt();
  }

  private void answerAll(Conversation it, Thread reader) {
    try {
      for (Request each = it.requests.take(); !each.equals(END); each = it.requests.take()) {
        send(it, answer(each));
      }
      endAnswers(it);
    } catch (IOException _) {
      lost(it);
      reader.interrupt(); // it may be blocked in put(), and no thread would take the request
    } catch (InterruptedException _) {
      closeQuietly(it.client);
    }
  }

  void send(Conversation it, String answer) throws IOException {
    writeFully(it.client, answer);
  }

  /** Called when all answers have been sent. */
  void endAnswers(Conversation it) throws IOException {
    it.client.shutdownOutput();
  }

  /** Called when an answer could not be sent. */
  void lost(Conversation it) {
    closeQuietly(it.client);
  }

  /** Answers a request at once, before other pending requests. */
  final void answerNow(Conversation it, Request request) {
    try {
      writeFully(it.client, request.answer());
    } catch (IOException | InterruptedException _) {
      closeQuietly(it.client);
    }
  }

  String answer(Request request) throws IOException, InterruptedException {
    return request.answer();
  }
}
