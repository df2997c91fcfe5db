package iomodels.linux;

import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** As {@code upper}, but a question mark keeps the thread until it is let go. */
final class HeldService implements Service {

  private final CountDownLatch held = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  @Override
  public String name() {
    return "held";
  }

  @Override
  public Session open() {
    Session upper = Services.UPPER.open();
    return (in, out, endOfInput) -> {
      if (in.hasRemaining() && in.get(in.position()) == '?') {
        held.countDown();
        try {
          released.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      return upper.advance(in, out, endOfInput);
    };
  }

  @Override
  public Optional<Responder> datagrams() {
    return Optional.empty();
  }

  void holdUp(Socket client) throws Exception {
    client.getOutputStream().write('?');
    held.await();
  }

  void letGo() {
    released.countDown();
  }
}
