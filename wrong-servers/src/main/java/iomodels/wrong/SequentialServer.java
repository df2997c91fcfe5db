package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.nio.channels.SocketChannel;

/** The correct twin that serves one client after another, in the thread that accepts them. */
class SequentialServer extends CorrectServer {

  SequentialServer(ServerConfig config, Service service) throws IOException {
    super(config, service);
  }

  @Override
  void admit(SocketChannel channel) {
    Conversation it = new Conversation(channel, open());
    conversations.put(it, Thread.currentThread());
    attend(it);
  }
}
