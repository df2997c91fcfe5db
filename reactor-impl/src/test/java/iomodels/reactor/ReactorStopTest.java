package iomodels.reactor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class ReactorStopTest {

  private static final int CLIENTS = 40;

  /** Echoes bytes; the first sessions block their event loop until they are released. */
  private static final class Blocking implements Service {

    private final int loops = Runtime.getRuntime().availableProcessors();
    private final CountDownLatch opened = new CountDownLatch(loops);
    private final CountDownLatch blocked = new CountDownLatch(loops);
    private final CountDownLatch release = new CountDownLatch(1);
    private int sessions;

    @Override
    public String name() {
      return "blocking";
    }

    @Override
    public synchronized Session open() {
      boolean blocks = sessions++ < loops;
      opened.countDown();
      return (in, out, endOfInput) -> {
        if (blocks) {
          block();
        }
        while (in.hasRemaining()) {
          out.put(in.get());
        }
        return endOfInput ? Progress.FINISHED : Progress.UNDERFLOW;
      };
    }

    private void block() {
      try {
        blocked.countDown();
        release.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public Optional<Responder> datagrams() {
      return Optional.empty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void connectionsThatWaitToBeAcceptedAreAnsweredOnStop(Transport transport) throws Exception {
    Blocking service = new Blocking();
    List<Socket> clients = new ArrayList<>();
    try (ReactorNettyServer server =
        new ReactorNettyServer(ServerConfig.onLoopback(), service, transport)) {
      for (int i = 0; i < service.loops; i++) {
        clients.add(connect(server.address()));
      }
      service.opened.await(); // The first blocked event loop may be the accepting one.
      for (Socket client : clients) {
        ask(client);
      }
      service.blocked.await(); // From now on nothing is accepted.
      for (int i = 0; i < CLIENTS; i++) {
        Socket client = connect(server.address());
        clients.add(client);
        ask(client);
      }
      Thread stop = Thread.startVirtualThread(server::close);
      while (stop.getState() == Thread.State.NEW || stop.getState() == Thread.State.RUNNABLE) {
        Thread.onSpinWait();
      }
      service.release.countDown();
      for (Socket client : clients) {
        assertThat(client.getInputStream().readAllBytes()).asString(US_ASCII).isEqualTo("x");
      }
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    return new Socket(address.getAddress(), address.getPort());
  }

  private static void ask(Socket client) throws IOException {
    client.getOutputStream().write('x');
    client.shutdownOutput();
  }
}
