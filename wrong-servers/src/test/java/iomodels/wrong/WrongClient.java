package iomodels.wrong;

import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.InJvmClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client that is wrong in one way: section 10.
 *
 * @param name short and stable, in kebab case
 * @param rule the id of the rule that it must be found to break
 * @param fault what is wrong with it, in a sentence
 * @param symptom what the kit has to say about it: a part of the finding's detail
 * @param program runs it
 */
record WrongClient(
    String name, String rule, String fault, String symptom, InJvmClient.Program program) {

  private static final List<WrongClient> ALL =
      List.of(
          new WrongClient(
              "forgets-the-newline",
              "10.01",
              "Sends a line as it was read, which is without its LF.",
              "(0x6C)",
              new CorrectClient() {
                @Override
                void send(OutputStream output, String line) throws IOException {
                  output.write(line.getBytes(StandardCharsets.ISO_8859_1));
                }
              }),
          new WrongClient(
              "shows-at-the-end",
              "10.02",
              "Keeps what comes in a buffer until it has 64 bytes or the end has come.",
              "nothing was shown for",
              new CorrectClient() {
                @Override
                void showAll(Socket socket, OutputStream out, AtomicInteger unanswered)
                    throws IOException {
                  InputStream input = socket.getInputStream();
                  for (byte[] next = input.readNBytes(64);
                      next.length > 0;
                      next = input.readNBytes(64)) {
                    show(next, next.length, out);
                    unanswered.set(0);
                  }
                }
              }),
          new WrongClient(
              "decodes-each-read",
              "10.03",
              "Decodes the bytes of each read by themselves as UTF-8.",
              "0xEF was shown there",
              new CorrectClient() {
                @Override
                void show(byte[] chunk, int length, OutputStream out) throws IOException {
                  String text = new String(chunk, 0, length, StandardCharsets.UTF_8);
                  out.write(text.getBytes(StandardCharsets.UTF_8));
                  out.flush();
                }
              }),
          new WrongClient(
              "one-read-a-reply",
              "10.04",
              "Takes one read of at most 1,024 bytes for the reply, and shows no more of it.",
              "nothing was shown for",
              new CorrectClient() {
                @Override
                void show(byte[] chunk, int length, OutputStream out) throws IOException {
                  super.show(chunk, Math.min(length, 1024), out);
                }
              }),
          new WrongClient(
              "closes-at-the-end-of-input",
              "10.05",
              "Closes its socket when there is no more to send, whatever is still to come.",
              "the output ended after 0 of them",
              new CorrectClient() {
                @Override
                void endInput(Socket socket) throws IOException {
                  socket.close();
                }

                @Override
                int fail(IOException e, PrintWriter err) {
                  return 0;
                }
              }),
          new WrongClient(
              "sends-all-first",
              "10.06",
              "Receives nothing before it has sent everything.",
              "it read nothing for",
              (port, in, out, err) -> new SendsAllFirst().run(port, in, out, err)),
          new WrongClient(
              "impatient",
              "10.07",
              "Gives up a server that says nothing for 500 ms.",
              "it ended with exit code 1",
              new CorrectClient() {
                @Override
                void connect(Socket socket, int port) throws IOException {
                  super.connect(socket, port);
                  socket.setSoTimeout(500);
                }
              }),
          new WrongClient(
              "takes-any-end-for-success",
              "10.08",
              "Ends as if all were well when the server closes without an answer.",
              "it ended with exit code 0",
              new CorrectClient() {
                @Override
                int end(boolean unanswered, PrintWriter err) {
                  return 0;
                }
              }),
          new WrongClient(
              "swallows-a-reset",
              "10.09",
              "Takes a reset for the end.",
              "it ended with exit code 0",
              new CorrectClient() {
                @Override
                int fail(IOException e, PrintWriter err) {
                  return 0;
                }
              }),
          new WrongClient(
              "fails-without-a-word",
              "10.10",
              "Ends with an exit code and no words where nobody listens.",
              "it ended with exit code 1 and without a message",
              new CorrectClient() {
                @Override
                int refused(IOException e, PrintWriter err) {
                  return 1;
                }
              }));

  /** All of them, in the order of the rules. */
  static List<WrongClient> all() {
    return ALL;
  }

  /** The client that they differ from in one step: it keeps every rule. */
  static Client correctTwin() {
    return new InJvmClient("correct-client", new CorrectClient());
  }

  /** The client, to be judged. */
  Client client() {
    return new InJvmClient(name, program);
  }

  /** Has something of its own to remember, so that each run is another one. */
  private static final class SendsAllFirst extends CorrectClient {

    private final CountDownLatch sent = new CountDownLatch(1);

    @Override
    void endInput(Socket socket) throws IOException {
      super.endInput(socket);
      sent.countDown();
    }

    @Override
    void showAll(Socket socket, OutputStream out, AtomicInteger unanswered) throws IOException {
      try {
        sent.await();
      } catch (InterruptedException _) {
        throw new InterruptedIOException();
      }
      super.showAll(socket, out, unanswered);
    }
  }
}
