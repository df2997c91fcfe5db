package iomodels.linux;

import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** Replies as {@code upper}, but blocks the thread at a question mark, until it is released. */
final class BlockingService implements Service {

  private final CountDownLatch blocked = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  @Override
  public String name() {
    return "blocking";
  }

  @Override
  public Session open() {
    Session upper = Services.UPPER.open();
    return (in, out, endOfInput) -> {
      if (in.hasRemaining() && in.get(in.position()) == '?') {
        blocked.countDown();
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

  void block(Socket client) throws Exception {
    client.getOutputStream().write('?');
    blocked.await();
  }

  void release() {
    released.countDown();
  }
}
