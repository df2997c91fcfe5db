package iomodels.wrong;

import iomodels.conformance.targets.InJvmClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The client that the wrong ones differ from in one step: one thread sends what is typed, another
 * shows what comes. It knows that it has not been answered by having sent more lines than it was
 * shown.
 */
class CorrectClient implements InJvmClient.Program {

  private static final int FAILED = 1;

  @Override
  public int run(int port, InputStream in, OutputStream out, PrintWriter err) throws IOException {
    try (Socket socket = new Socket()) {
      connect(socket, port);
      AtomicInteger unanswered = new AtomicInteger();
      Thread typing = Thread.ofVirtual().start(() -> sendAll(in, socket, unanswered));
      try {
        showAll(socket, out, unanswered);
        return end(unanswered.get() > 0, err);
      } catch (IOException e) {
        return fail(e, err);
      } finally {
        typing.interrupt();
      }
    } catch (IOException e) {
      return refused(e, err);
    }
  }

  void connect(Socket socket, int port) throws IOException {
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setTcpNoDelay(true);
  }

  private void sendAll(InputStream in, Socket socket, AtomicInteger unanswered) {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.ISO_8859_1))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        unanswered.incrementAndGet();
        send(socket.getOutputStream(), line);
      }
      endInput(socket);
    } catch (IOException ignored) {
      // the other thread meets it as well, and says so
    }
  }

  void send(OutputStream output, String line) throws IOException {
    output.write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
  }

  void endInput(Socket socket) throws IOException {
    socket.shutdownOutput();
  }

  void showAll(Socket socket, OutputStream out, AtomicInteger unanswered) throws IOException {
    byte[] chunk = new byte[8192];
    InputStream input = socket.getInputStream();
    for (int n = input.read(chunk); n >= 0; n = input.read(chunk)) {
      show(chunk, n, out);
      for (int i = 0; i < n; i++) {
        if (chunk[i] == '\n') {
          unanswered.decrementAndGet();
        }
      }
    }
  }

  void show(byte[] chunk, int length, OutputStream out) throws IOException {
    out.write(chunk, 0, length);
    out.flush();
  }

  /** The server has closed. */
  int end(boolean unanswered, PrintWriter err) {
    if (unanswered) {
      err.println("the server closed before it had answered");
      return FAILED;
    }
    return 0;
  }

  /** The connection is lost. */
  int fail(IOException e, PrintWriter err) {
    err.println("the conversation is broken off: " + e.getMessage());
    return FAILED;
  }

  /** There is no connection. */
  int refused(IOException e, PrintWriter err) {
    err.println("nobody listens: " + e.getMessage());
    return FAILED;
  }
}
