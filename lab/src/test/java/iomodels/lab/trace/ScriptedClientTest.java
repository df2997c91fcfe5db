package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.trace.Trace.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ScriptedClientTest {

  private static ScriptedClient client(ServerSocket listener, long limitMicros) {
    long now = WallClock.micros();
    InetSocketAddress server = (InetSocketAddress) listener.getLocalSocketAddress();
    return new ScriptedClient(ClientScript.all().getFirst(), server, now, now + limitMicros);
  }

  @Test
  @Timeout(30) // The kernel gives up after two minutes.
  void aClientThatCannotConnectGivesUpAtTheLimit() throws IOException {
    List<Socket> others = new ArrayList<>();
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      for (int i = 0; i < 4; i++) {
        Socket socket = new Socket();
        others.add(socket);
        try {
          socket.connect(listener.getLocalSocketAddress(), 100);
        } catch (IOException _) {
          break; // Its queue is full.
        }
      }
      ScriptedClient client = client(listener, 300_000);
      client.run();

      assertThat(client.isDone()).isFalse();
      assertThat(client.port()).isPositive();
      assertThat(client.events()).extracting(Event::kind).containsExactly(Event.Kind.CONNECT);
    } finally {
      for (Socket socket : others) {
        socket.close();
      }
    }
  }

  @Test
  void aRefusedClientReportsReset() throws IOException {
    ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    ScriptedClient client;
    try (listener) {
      client = client(listener, 10_000_000);
    }
    client.run();

    assertThat(client.isDone()).isTrue();
    assertThat(client.wasReset()).isTrue();
  }
}
