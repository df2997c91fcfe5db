package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests that connections share the carrier threads. */
@Timeout(60)
class VirtualThreadServerTest {

  @Test
  void conversationsThatNeverBlockDoNotStarveOthers() throws Exception {
    int busy = 2 * Runtime.getRuntime().availableProcessors();
    CountDownLatch begunSessions = new CountDownLatch(busy);
    AtomicBoolean enough = new AtomicBoolean();
    Service service =
        new Service() {
          @Override
          public String name() {
            return "busy";
          }

          @Override
          public Session open() {
            Session upper = Services.UPPER.open();
            AtomicBoolean begun = new AtomicBoolean();
            return (in, out, endOfInput) -> {
              if (!in.hasRemaining() || in.get(in.position()) != '!') {
                return upper.advance(in, out, endOfInput);
              }
              if (begun.compareAndSet(false, true)) {
                begunSessions.countDown();
              }
              return enough.get() ? Progress.FINISHED : Progress.OVERFLOW;
            };
          }

          @Override
          public Optional<Responder> datagrams() {
            return Optional.empty();
          }
        };
    List<Socket> clients = new ArrayList<>();
    try (Server server = new VirtualThreadServer(ServerConfig.onLoopback(), service)) {
      for (int i = 0; i < busy; i++) {
        clients.add(new Socket(server.address().getAddress(), server.address().getPort()));
        clients.getLast().getOutputStream().write('!');
      }
      begunSessions.await();
      try (Socket other = new Socket(server.address().getAddress(), server.address().getPort())) {
        other.setSoTimeout(30_000);
        other.getOutputStream().write('a');
        assertThat(other.getInputStream().read()).isEqualTo('A');
      } finally {
        enough.set(true);
      }
    } finally {
      enough.set(true);
      for (Socket client : clients) {
        client.close();
      }
    }
  }
}
