package iomodels.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that a task is cancelled when its client disconnects, which frees its worker. */
@Timeout(60)
class VirtualOffloadTest {

  @Test
  void aRunningTaskIsCancelledWhenItsClientDisconnects(@TempDir Path folder) throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", folder.resolve("fifo").toString()).start();
    assertThat(mkfifo.waitFor()).isZero();
    ProgramConfig config = config(folder);
    try (Server server = VirtualOffload.start(config)) {
      for (String endless : List.of("read fifo", "hash 10000000 x")) {
        for (int i = 0; i < config.workers(); i++) {
          try (Socket client = connect(server)) {
            send(client, endless);
            client.setSoLinger(true, 0);
          }
        }
        try (Socket client = connect(server)) {
          assertThat(askUntilNotBusy(client, "hash 1 x")).hasSize(64);
        }
      }
    }
  }

  @Test
  void aPoolWithoutThreadsCausesAnIoException() {
    try (ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.MILLISECONDS,
            new ArrayBlockingQueue<>(1),
            _ -> {
              throw new OutOfMemoryError("unable to create native thread");
            })) {
      assertThatThrownBy(() -> Threads.startAll(pool))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("ulimit -u");
    }
  }

  private static ProgramConfig config(Path folder) {
    return ProgramConfig.onLoopback(List.of()).reading(folder);
  }

  private static String askUntilNotBusy(Socket client, String request) throws Exception {
    BufferedReader answers =
        new BufferedReader(new InputStreamReader(client.getInputStream(), UTF_8));
    String answer;
    do {
      send(client, request);
      answer = answers.readLine();
    } while (answer.startsWith("error busy"));
    return answer;
  }

  private static void send(Socket client, String request) throws IOException {
    client.getOutputStream().write((request + "\n").getBytes(UTF_8));
  }

  private static Socket connect(Server server) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    return client;
  }
}
