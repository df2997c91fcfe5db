package iomodels.wrong;

import iomodels.conformance.targets.InJvmClient;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The client that the wrong ones differ from in one step. One thread sends the lines that are
 * typed, another shows the replies. A line is unanswered if nothing has come since it was typed,
 * and fewer LF have come than lines were sent.
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
    try (InputStream input = new BufferedInputStream(in)) {
      for (byte[] line = readLine(input); line.length > 0; line = readLine(input)) {
        unanswered.incrementAndGet();
        send(socket.getOutputStream(), line);
      }
      endInput(socket);
    } catch (IOException ignored) {
      // the reading thread reports the error
    }
  }

  /** Reads a line with its LF, which a last line may lack; empty at the end of input. */
  byte[] readLine(InputStream input) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int octet = input.read(); octet >= 0; octet = input.read()) {
      line.write(octet);
      if (octet == '\n') {
        break;
      }
    }
    return line.toByteArray();
  }

  /** Sends a line, of which the last may lack its LF. */
  void send(OutputStream output, byte[] line) throws IOException {
    output.write(line);
    if (line[line.length - 1] != '\n') {
      output.write('\n');
    }
  }

  void endInput(Socket socket) throws IOException {
    socket.shutdownOutput();
  }

  void showAll(Socket socket, OutputStream out, AtomicInteger unanswered) throws IOException {
    byte[] chunk = new byte[8192];
    InputStream input = socket.getInputStream();
    for (int n = input.read(chunk); n >= 0; n = input.read(chunk)) {
      received(chunk, n, unanswered);
      show(chunk, n, out);
    }
  }

  void received(byte[] chunk, int length, AtomicInteger unanswered) {
    int newlines = 0;
    for (int i = 0; i < length; i++) {
      newlines += chunk[i] == '\n' ? 1 : 0;
    }
    int ended = newlines;
    unanswered.updateAndGet(it -> Math.min(it - ended, 0));
  }

  void show(byte[] chunk, int length, OutputStream out) throws IOException {
    out.write(chunk, 0, length);
    out.flush();
  }

  /** Called when the server has closed the connection. */
  int end(boolean unanswered, PrintWriter err) {
    if (unanswered) {
      err.println("the server closed the connection before it had answered");
      return FAILED;
    }
    return 0;
  }

  /** Called when the connection fails. */
  int fail(IOException e, PrintWriter err) {
    err.println("connection lost: " + e.getMessage());
    return FAILED;
  }

  /** Called when connecting fails. */
  int refused(IOException e, PrintWriter err) {
    err.println("cannot connect: " + e.getMessage());
    return FAILED;
  }
}
