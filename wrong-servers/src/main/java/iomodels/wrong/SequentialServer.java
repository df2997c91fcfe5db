package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** The correct twin that serves one client after another, in the thread that accepts them. */
class SequentialServer extends CorrectServer {

  private final Lock oneAtATime = new ReentrantLock();

  SequentialServer(ServerConfig config, Service service) throws IOException {
    super(config, service);
  }

  /** At the stop another thread admits those that are left: they wait here as well. */
  @Override
  void admit(SocketChannel channel) {
    oneAtATime.lock();
    try {
      Conversation it = new Conversation(channel, open());
      conversations.put(it, Thread.currentThread());
      attend(it);
    } finally {
      oneAtATime.unlock();
    }
  }
}
