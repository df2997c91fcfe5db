package iomodels.wrong;

import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.InJvmClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A client that is wrong in one way: section 10.
 *
 * @param name short and stable, in kebab case
 * @param rule the id of the rule that it breaks
 * @param fault the fault, as a sentence in the third person that ends with a full stop
 * @param symptom a part of the detail of the finding that the kit must report
 * @param program creates the program of one run
 */
record WrongClient(
    String name, String rule, String fault, String symptom, Supplier<InJvmClient.Program> program) {

  private static final List<WrongClient> ALL =
      List.of(
          new WrongClient(
              "forgets-the-newline",
              "10.01",
              "Sends lines without their LF.",
              "(0x6C)",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      boolean ended = line[line.length - 1] == '\n';
                      output.write(line, 0, ended ? line.length - 1 : line.length);
                    }
                  }),
          new WrongClient(
              "strips-lines",
              "10.01",
              "Removes white space around a line, and does not send empty lines.",
              "an empty line: ",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      String text = text(line).strip();
                      if (!text.isEmpty()) {
                        super.send(output, bytes(text + "\n"));
                      }
                    }
                  }),
          new WrongClient(
              "ends-at-exit",
              "10.01",
              "Ends its input at the word exit.",
              "words that could be commands: ",
              () ->
                  new CorrectClient() {
                    @Override
                    byte[] readLine(InputStream input) throws IOException {
                      byte[] line = super.readLine(input);
                      return text(line).equals("exit\n") ? new byte[0] : line;
                    }
                  }),
          new WrongClient(
              "cuts-long-lines",
              "10.01",
              "Keeps the first 16,384 bytes of a line.",
              "a line of 100,000 bytes: ",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      super.send(output, Arrays.copyOf(line, Math.min(line.length, 16_384)));
                    }
                  }),
          new WrongClient(
              "splits-long-lines",
              "10.01",
              "Reads at most 65,536 bytes at a time, and ends what it has read with LF.",
              "a line of 100,000 bytes: ",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      for (int from = 0; from < line.length; from += 65_536) {
                        int end = Math.min(line.length, from + 65_536);
                        super.send(output, Arrays.copyOfRange(line, from, end));
                      }
                    }
                  }),
          new WrongClient(
              "cuts-very-long-lines",
              "10.01",
              "Sends no more of a line than the kernel may take at once: four megabytes.",
              "a line of 10,000,000 bytes, which the server begins to read late: ",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      super.send(output, Arrays.copyOf(line, Math.min(line.length, 4_000_000)));
                    }
                  }),
          new WrongClient(
              "skips-comments",
              "10.01",
              "Does not send a line that begins with #.",
              "lines that could be comments: ",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      if (line[0] != '#') {
                        super.send(output, line);
                      }
                    }
                  }),
          new WrongClient(
              "loses-an-unfinished-line",
              "10.01",
              "Does not send a last line without LF.",
              "got FIN",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      if (line[line.length - 1] == '\n') {
                        super.send(output, line);
                      }
                    }
                  }),
          new WrongClient(
              "ends-at-an-empty-line",
              "10.01",
              "Takes an empty line for the end of its input.",
              "an empty line: ",
              () ->
                  new CorrectClient() {
                    @Override
                    byte[] readLine(InputStream input) throws IOException {
                      byte[] line = super.readLine(input);
                      return text(line).equals("\n") ? new byte[0] : line;
                    }
                  }),
          new WrongClient(
              "shows-at-the-end",
              "10.02",
              "Buffers received bytes until there are 64, or until the end of input.",
              "nothing was shown for",
              () ->
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
              "shows-whole-lines",
              "10.02",
              "Shows the beginning of a line only when its end has arrived.",
              "nothing was shown for",
              () ->
                  new CorrectClient() {
                    private final ByteArrayOutputStream held = new ByteArrayOutputStream();

                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      held.write(chunk, 0, length);
                      int end = text(held.toByteArray()).lastIndexOf('\n') + 1;
                      byte[] all = held.toByteArray();
                      held.reset();
                      held.write(all, end, all.length - end);
                      super.show(all, end, out);
                    }
                  }),
          new WrongClient(
              "decodes-each-read",
              "10.03",
              "Decodes the bytes of each read separately as UTF-8.",
              "0xEF was shown there",
              () ->
                  new CorrectClient() {
                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      String text = new String(chunk, 0, length, StandardCharsets.UTF_8);
                      out.write(text.getBytes(StandardCharsets.UTF_8));
                      out.flush();
                    }
                  }),
          new WrongClient(
              "stops-at-nul",
              "10.03",
              "Shows a read up to its first NUL, as puts(3) does.",
              "byte 0 being 0x00",
              () ->
                  new CorrectClient() {
                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      int end = text(Arrays.copyOf(chunk, length)).indexOf('\0');
                      super.show(chunk, end < 0 ? length : end, out);
                    }
                  }),
          new WrongClient(
              "one-read-a-reply",
              "10.04",
              "Treats one read of at most 1,024 bytes as the whole reply, and drops the rest.",
              "nothing was shown for",
              () ->
                  new CorrectClient() {
                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      super.show(chunk, Math.min(length, 1024), out);
                    }
                  }),
          new WrongClient(
              "adds-a-newline",
              "10.04",
              "Adds LF to a reply that lacks it at the end.",
              "nothing more to be shown",
              () ->
                  new CorrectClient() {
                    private byte last;

                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      super.show(chunk, length, out);
                      last = chunk[length - 1];
                    }

                    @Override
                    void showAll(Socket socket, OutputStream out, AtomicInteger unanswered)
                        throws IOException {
                      super.showAll(socket, out, unanswered);
                      if (last != '\n') {
                        out.write('\n');
                        out.flush();
                      }
                    }
                  }),
          new WrongClient(
              "closes-at-the-end-of-input",
              "10.05",
              "Closes its socket when it has sent everything, and loses the pending replies.",
              "the output ended after 0 of them",
              () ->
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
              "one-reply-at-the-end",
              "10.05",
              "Stops reading when it has half-closed and has received as many lines as it has"
                  + " sent.",
              "the output ended after",
              () ->
                  new CorrectClient() {
                    private volatile boolean finished;

                    @Override
                    void endInput(Socket socket) throws IOException {
                      super.endInput(socket);
                      finished = true;
                    }

                    @Override
                    void showAll(Socket socket, OutputStream out, AtomicInteger unanswered)
                        throws IOException {
                      byte[] chunk = new byte[8192];
                      int n = socket.getInputStream().read(chunk);
                      while (n >= 0) {
                        show(chunk, n, out);
                        if (finished) {
                          unanswered.set(0);
                          return;
                        }
                        n = socket.getInputStream().read(chunk);
                      }
                    }
                  }),
          new WrongClient(
              "needs-input",
              "10.05",
              "Closes the connection if it has no input.",
              "a client without input: ",
              () ->
                  new CorrectClient() {
                    private volatile boolean sent;

                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      sent = true;
                      super.send(output, line);
                    }

                    @Override
                    void endInput(Socket socket) throws IOException {
                      if (sent) {
                        super.endInput(socket);
                      } else {
                        socket.close();
                      }
                    }

                    @Override
                    int fail(IOException e, PrintWriter err) {
                      return sent ? super.fail(e, err) : 0;
                    }
                  }),
          new WrongClient(
              "counts-newlines",
              "10.05",
              "Exits with an error if fewer LF have come than it has sent lines.",
              "one reply to three lines: ",
              () ->
                  new CorrectClient() {
                    @Override
                    void received(byte[] chunk, int length, AtomicInteger unanswered) {
                      for (int i = 0; i < length; i++) {
                        if (chunk[i] == '\n') {
                          unanswered.decrementAndGet();
                        }
                      }
                    }
                  }),
          new WrongClient(
              "sends-all-first",
              "10.06",
              "Receives nothing until it has sent everything.",
              "it read nothing for",
              SendsAllFirst::new),
          new WrongClient(
              "impatient",
              "10.07",
              "Gives up when the server sends nothing for two seconds.",
              "it ended with exit code 1",
              () ->
                  new CorrectClient() {
                    @Override
                    void connect(Socket socket, int port) throws IOException {
                      super.connect(socket, port);
                      socket.setSoTimeout(2_000);
                    }
                  }),
          new WrongClient(
              "takes-a-pause-for-the-end",
              "10.07",
              "Takes a pause of three seconds in a reply for its end.",
              "it ended with exit code 0",
              () ->
                  new CorrectClient() {
                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      super.show(chunk, length, out);
                      shown = true;
                    }

                    private boolean shown;

                    @Override
                    void connect(Socket socket, int port) throws IOException {
                      super.connect(socket, port);
                      socket.setSoTimeout(3000);
                    }

                    @Override
                    int fail(IOException e, PrintWriter err) {
                      return shown && e instanceof SocketTimeoutException ? 0 : super.fail(e, err);
                    }
                  }),
          new WrongClient(
              "impatient-while-it-sends",
              "10.07",
              "Gives up when it has waited for one second to send a line.",
              "while the server reads nothing: ",
              ImpatientSender::new),
          new WrongClient(
              "takes-any-end-for-success",
              "10.08",
              "Exits with 0 when the server closes without an answer.",
              "it ended with exit code 0",
              () ->
                  new CorrectClient() {
                    @Override
                    int end(boolean unanswered, PrintWriter err) {
                      return 0;
                    }
                  }),
          new WrongClient(
              "takes-fin-for-an-answer",
              "10.08",
              "Exits with 0 when the server closes after the end of the client's input.",
              "FIN after the client's FIN, without an answer: ",
              () ->
                  new CorrectClient() {
                    private volatile boolean finished;

                    @Override
                    void endInput(Socket socket) throws IOException {
                      super.endInput(socket);
                      finished = true;
                    }

                    @Override
                    int end(boolean unanswered, PrintWriter err) {
                      return finished ? 0 : super.end(unanswered, err);
                    }
                  }),
          new WrongClient(
              "content-with-the-first-answer",
              "10.08",
              "Exits with 0 if the server has answered at least one line.",
              "FIN instead of the second answer: ",
              () ->
                  new CorrectClient() {
                    private boolean answered;

                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      super.show(chunk, length, out);
                      answered = true;
                    }

                    @Override
                    int end(boolean unanswered, PrintWriter err) {
                      return answered ? 0 : super.end(unanswered, err);
                    }
                  }),
          new WrongClient(
              "connects-again",
              "10.08",
              "Connects again when the server has closed the connection.",
              "the client connected again",
              () ->
                  (port, in, out, err) -> {
                    int exitCode = new CorrectClient().run(port, in, out, err);
                    return exitCode == 0 ? 0 : new CorrectClient().run(port, in, out, err);
                  }),
          new WrongClient(
              "swallows-a-reset",
              "10.09",
              "Treats a reset as the end of input, and exits with 0.",
              "it ended with exit code 0",
              () ->
                  new CorrectClient() {
                    @Override
                    int fail(IOException e, PrintWriter err) {
                      return 0;
                    }
                  }),
          new WrongClient(
              "swallows-a-reset-in-a-reply",
              "10.09",
              "Exits with 0 after a reset if it has received a part of the reply.",
              "a reset in the middle of a reply",
              () ->
                  new CorrectClient() {
                    private boolean shown;

                    @Override
                    void show(byte[] chunk, int length, OutputStream out) throws IOException {
                      super.show(chunk, length, out);
                      shown = true;
                    }

                    @Override
                    int fail(IOException e, PrintWriter err) {
                      return shown ? 0 : super.fail(e, err);
                    }
                  }),
          new WrongClient(
              "dies-without-a-word",
              "10.09",
              "Ends without a message after it has sent much, as SIGPIPE ends a process.",
              "a reset while the client sends: ",
              () ->
                  new CorrectClient() {
                    private volatile boolean sending;
                    private long sent;

                    // Whether a write or a read fails first depends on the machine.
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      sent += line.length;
                      sending = sent > 50_000;
                      super.send(output, line);
                    }

                    @Override
                    int fail(IOException e, PrintWriter err) {
                      return sending ? 141 : super.fail(e, err);
                    }

                    @Override
                    int end(boolean unanswered, PrintWriter err) {
                      return sending ? 141 : super.end(unanswered, err);
                    }
                  }),
          new WrongClient(
              "fails-without-a-word",
              "10.10",
              "Prints no error message when the connection is refused.",
              "it ended with exit code 1 and without a message",
              () ->
                  new CorrectClient() {
                    @Override
                    int refused(IOException e, PrintWriter err) {
                      return 1;
                    }
                  }),
          new WrongClient(
              "decodes-its-input",
              "10.11",
              "Decodes its input as UTF-8, and replaces what is invalid.",
              "the byte 0x85: ",
              () ->
                  new CorrectClient() {
                    @Override
                    void send(OutputStream output, byte[] line) throws IOException {
                      String text = new String(line, StandardCharsets.UTF_8);
                      super.send(output, text.getBytes(StandardCharsets.UTF_8));
                    }
                  }),
          new WrongClient(
              "drops-what-is-not-taken",
              "10.12",
              "Drops output while nobody reads it.",
              "was shown there",
              () ->
                  new Queueing() {
                    @Override
                    void show(byte[] chunk, int length, OutputStream out) {
                      var _ = queue.offer(Arrays.copyOf(chunk, length));
                    }
                  }),
          new WrongClient(
              "drops-output-at-the-end-of-input",
              "10.12",
              "Drops the output that nobody has read when its input ends.",
              "a client whose input ends while its output is not read: ",
              () ->
                  new Queueing() {
                    @Override
                    void endInput(Socket socket) throws IOException {
                      queue.clear();
                      super.endInput(socket);
                    }
                  }),
          new WrongClient(
              "waits-two-seconds-for-its-output",
              "10.12",
              "Ends two seconds after the server's FIN, even if its output has not been read.",
              "a client whose output is read some seconds after the server's FIN: ",
              () ->
                  new Queueing(10_000) {
                    @Override
                    void awaitWritten() throws InterruptedException {
                      if (!written.await(2, TimeUnit.SECONDS)) {
                        queue.clear();
                      }
                    }
                  }));

  /** Returns a character for each byte. */
  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

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
    return new InJvmClient(name, (port, in, out, err) -> program.get().run(port, in, out, err));
  }

  /** Closes its connection if sending a line takes too long. */
  private static final class ImpatientSender extends CorrectClient {

    private static final long LIMIT_SECONDS = 1;

    private final CompletableFuture<Socket> connected = new CompletableFuture<>();

    @Override
    void connect(Socket socket, int port) throws IOException {
      super.connect(socket, port);
      connected.complete(socket);
    }

    @Override
    void send(OutputStream output, byte[] line) throws IOException {
      CompletableFuture<Socket> sent = new CompletableFuture<>();
      var _ =
          sent.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS)
              .whenComplete((_, late) -> closeIf(late != null, connected.join()));
      super.send(output, line);
      sent.complete(connected.join());
    }

    private static void closeIf(boolean late, Socket socket) {
      try {
        if (late) {
          socket.close();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Shows replies from a queue. Has state, so each run needs a new instance. */
  private static class Queueing extends CorrectClient {

    final BlockingQueue<byte[]> queue;
    final CountDownLatch written = new CountDownLatch(1);

    Queueing() {
      this(4);
    }

    Queueing(int most) {
      queue = new ArrayBlockingQueue<>(most);
    }

    @Override
    void showAll(Socket socket, OutputStream out, AtomicInteger unanswered) throws IOException {
      Thread.ofVirtual().start(() -> writeAll(out));
      super.showAll(socket, out, unanswered);
      try {
        queue.put(new byte[0]);
        awaitWritten();
      } catch (InterruptedException _) {
        throw new InterruptedIOException();
      }
    }

    void awaitWritten() throws InterruptedException {
      written.await();
    }

    @Override
    void show(byte[] chunk, int length, OutputStream out) throws IOException {
      try {
        queue.put(Arrays.copyOf(chunk, length));
      } catch (InterruptedException _) {
        throw new InterruptedIOException();
      }
    }

    private void writeAll(OutputStream out) {
      try {
        for (byte[] next = queue.take(); next.length > 0; next = queue.take()) {
          out.write(next);
        }
      } catch (IOException | InterruptedException ignored) {
        // the run is over
      } finally {
        written.countDown();
      }
    }
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
