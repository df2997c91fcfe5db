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
 * @param rule the id of the rule that it breaks
 * @param fault the fault, as a sentence in the third person that ends with a full stop
 * @param symptom a part of the detail of the finding that the kit must report
 * @param program runs it
 */
record WrongClient(
    String name, String rule, String fault, String symptom, InJvmClient.Program program) {

  private static final List<WrongClient> ALL =
      List.of(
          new WrongClient(
              "forgets-the-newline",
              "10.01",
              "Sends lines without their LF.",
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
              "Buffers received bytes until there are 64, or until the end of input.",
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
              "Decodes the bytes of each read separately as UTF-8.",
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
              "Treats one read of at most 1,024 bytes as the whole reply, and drops the rest.",
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
              "Closes its socket when it has sent everything, and loses the pending replies.",
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
              "Receives nothing until it has sent everything.",
              "it took nothing for",
              (port, in, out, err) -> new SendsAllFirst().run(port, in, out, err)),
          new WrongClient(
              "impatient",
              "10.07",
              "Gives up when the server sends nothing for 500 ms.",
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
              "Exits with 0 when the server closes without an answer.",
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
              "Treats a reset as the end of input, and exits with 0.",
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
              "Prints no error message when the connection is refused.",
              "it ended with exit code 1 and without a message",
              new CorrectClient() {
                @Override
                int refused(IOException e, PrintWriter err) {
                  return 1;
                }
              }));

  /** Returns all wrong clients, in the order of the rules. */
  static List<WrongClient> all() {
    return ALL;
  }

  /** Returns the client that the wrong ones differ from in one step. It keeps every rule. */
  static Client correctTwin() {
    return new InJvmClient("correct-client", new CorrectClient());
  }

  /** Returns the client, for the kit to judge. */
  Client client() {
    return new InJvmClient(name, program);
  }

  /** Has state, so each run needs a new instance. */
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
