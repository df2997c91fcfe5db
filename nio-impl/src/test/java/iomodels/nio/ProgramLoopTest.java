package iomodels.nio;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProgramLoopTest {

  /** Answers in a later turn of the loop; throws an exception for the line {@code fail}. */
  private static final class Conversation extends LineConversation {

    private final ProgramLoop loop;

    Conversation(SocketChannel peer, ProgramLoop loop) throws IOException {
      super(peer, loop);
      this.loop = loop;
    }

    @Override
    boolean start(String line) {
      if (line.equals("fail")) {
        throw new IllegalStateException("a bug");
      }
      loop.execute(() -> answer(line + "!\n"));
      return true;
    }

    @Override
    String malformed() {
      return "";
    }

    @Override
    void cancel() {}
  }

  @Test
  void aFailureInARequestEndsOnlyItsConversation() throws Exception {
    try (Server server =
            new ProgramLoop(ProgramConfig.onLoopback(List.of()), "test", Conversation::new);
        Socket failing = connect(server);
        Socket other = connect(server)) {
      failing.getOutputStream().write("one\nfail\n".getBytes(US_ASCII));
      assertThat(failing.getInputStream().readAllBytes()).asString(US_ASCII).isEqualTo("one!\n");

      other.getOutputStream().write("two\n".getBytes(US_ASCII));
      assertThat(other.getInputStream().readNBytes(5)).asString(US_ASCII).isEqualTo("two!\n");
    }
  }

  private static Socket connect(Server server) throws IOException {
    return new Socket(server.address().getAddress(), server.address().getPort());
  }
}
