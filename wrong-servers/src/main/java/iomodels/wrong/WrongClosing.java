package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.util.List;

/** Wrong about how conversations end: section 4. */
final class WrongClosing {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "fin-taken-for-hang-up",
              "4.01",
              "Looks for the client's FIN while it sends, and then sends no more.",
              "got FIN after",
              WrongClosing::finTakenForHangUp),
          WrongServer.of(
              "never-closes",
              "4.02",
              "Leaves the connection open when the client has closed.",
              "FIN within",
              WrongClosing::neverCloses),
          WrongServer.sequential(
              "dies-of-empty-connections",
              "4.03",
              "Lets the tenth connection without a request end the loop that accepts.",
              "nothing came for",
              WrongClosing::diesOfEmptyConnections),
          WrongServer.sequential(
              "dies-of-a-reset",
              "4.04",
              "Lets a connection that was reset end the loop that accepts.",
              "nothing came for",
              WrongClosing::diesOfAReset),
          WrongServer.of(
              "closes-with-input-unread",
              "4.05",
              "Closes at once when it has finished, whatever the client still says.",
              "got Connection reset",
              WrongClosing::closesWithInputUnread),
          WrongServer.of(
              "aborts-at-the-end",
              "4.06",
              "Closes with SO_LINGER at 0, which throws away what the client has yet to receive.",
              "got Connection reset",
              WrongClosing::abortsAtTheEnd));

  private WrongClosing() {}

  private static CorrectServer finTakenForHangUp(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void say(Conversation it) throws IOException, InterruptedException {
        if (it.progress == Progress.OVERFLOW && !it.in.hasRemaining()) {
          it.channel.configureBlocking(false);
          boolean open = receive(it);
          it.channel.configureBlocking(true);
          if (!open) {
            throw new EOFException("the client has hung up");
          }
        }
        super.say(it);
      }
    };
  }

  private static CorrectServer neverCloses(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws InterruptedException {
        Thread.sleep(Long.MAX_VALUE);
      }
    };
  }

  private static CorrectServer diesOfEmptyConnections(ServerConfig config, Service service)
      throws IOException {
    return new SequentialServer(config, service) {
      private int empty;

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (!received && !it.heard && ++empty == 10) {
          throw new IllegalStateException("too many empty requests");
        }
        return received;
      }
    };
  }

  private static CorrectServer diesOfAReset(ServerConfig config, Service service)
      throws IOException {
    return new SequentialServer(config, service) {
      @Override
      void lost(Conversation it, IOException why) {
        throw new UncheckedIOException(why);
      }
    };
  }

  private static CorrectServer abortsAtTheEnd(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws IOException {
        it.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        it.channel.close();
      }
    };
  }

  private static CorrectServer closesWithInputUnread(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws IOException {
        it.channel.close();
      }
    };
  }
}
