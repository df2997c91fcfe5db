package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** The correct twin that serves one client at a time, in the accepting thread. */
class SequentialServer extends CorrectServer {

  private final Lock oneAtATime = new ReentrantLock();

  SequentialServer(ServerConfig config, Service service) throws IOException {
    super(config, service);
  }

  /** When the server stops, another thread admits the queued connections; they wait here too. */
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
