package iomodels.linux;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Concurrent clients of an upper-casing server. */
final class Clients {

  static final int TIMEOUT_MILLIS = 30_000;

  private Clients() {}

  /** Each client sends the given number of messages, and waits for the reply to each. */
  static void converse(InetSocketAddress server, int clients, int messages) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
      List<Callable<Void>> conversations =
          IntStream.range(0, clients)
              .<Callable<Void>>mapToObj(i -> () -> converse(server, "client " + i, messages))
              .toList();
      for (Future<Void> conversation : threads.invokeAll(conversations)) {
        conversation.get();
      }
    }
  }

  private static Void converse(InetSocketAddress server, String name, int messages)
      throws IOException {
    try (Socket client = connect(server)) {
      for (int i = 0; i < messages; i++) {
        String message = name + " says " + i;
        client.getOutputStream().write(message.getBytes(US_ASCII));
        byte[] reply = client.getInputStream().readNBytes(message.length());
        assertThat(new String(reply, US_ASCII)).isEqualTo(message.toUpperCase(Locale.ROOT));
      }
      client.shutdownOutput();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    return null;
  }

  /** One client sends the given number of bytes, reads at the same time, and checks the replies. */
  static void pour(InetSocketAddress server, int bytes) throws Exception {
    byte[] sent = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      sent[i] = (byte) ('a' + i % 26);
    }
    try (Socket client = connect(server);
        ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<?> writer =
          thread.submit(
              () -> {
                client.getOutputStream().write(sent);
                client.shutdownOutput();
                return null;
              });
      byte[] reply = client.getInputStream().readAllBytes();
      writer.get();
      assertThat(new String(reply, US_ASCII))
          .isEqualTo(new String(sent, US_ASCII).toUpperCase(Locale.ROOT));
    }
  }

  /** Waits until a server has closed its listening socket. */
  static void awaitRefusal(InetSocketAddress server) {
    try {
      while (true) {
        connect(server).close();
      }
    } catch (IOException _) {
      // It refuses, or has reset a connection in its backlog.
    }
  }

  static Socket connect(InetSocketAddress server) throws IOException {
    Socket client = new Socket(server.getAddress(), server.getPort());
    client.setSoTimeout(TIMEOUT_MILLIS);
    return client;
  }
}
