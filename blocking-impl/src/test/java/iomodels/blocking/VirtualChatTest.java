package iomodels.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tests members that all send at once, faster than their writer threads are scheduled. The lines
 * for each member fit into the kernel's buffers, so no member may be dropped as one that does not
 * read.
 */
@Timeout(120)
class VirtualChatTest {

  private static final int MEMBERS = 10;
  private static final int LINES_EACH = 6;
  private static final String TEXT = "x".repeat(900);

  /** Less than the lines of one member. */
  private static final int OUTBOX = 2 * 1024;

  private static final int ROUNDS = 20;

  @Test
  void noMemberIsDroppedBecauseItsWriterHasNotRun() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      try (Server chat = VirtualChat.start(config())) {
        converse(chat.address());
      }
    }
  }

  private static void converse(InetSocketAddress address) throws IOException {
    List<Member> members = new ArrayList<>();
    try {
      for (int i = 0; i < MEMBERS; i++) {
        Member member = new Member(address);
        members.add(member);
        member.send("m%d\n".formatted(i));
        assertThat(member.reader.readLine()).startsWith("* you are m" + i);
      }
      for (Member member : members) {
        member.send((TEXT + "\n").repeat(LINES_EACH));
      }
      for (Member member : members) {
        member.awaitLines();
      }
    } finally {
      for (Member member : members) {
        member.socket.close();
      }
    }
  }

  private static final class Member {

    private final Socket socket;
    private final BufferedReader reader;

    Member(InetSocketAddress address) throws IOException {
      socket = new Socket(address.getAddress(), address.getPort());
      reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
    }

    void send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(UTF_8));
    }

    /** Reads until the lines of all others have arrived; fails at the end of the stream. */
    void awaitLines() throws IOException {
      for (int received = 0; received < (MEMBERS - 1) * LINES_EACH; ) {
        String line = reader.readLine();
        assertThat(line).isNotNull().doesNotContain("dropped");
        received += line.endsWith(TEXT) ? 1 : 0;
      }
    }
  }

  private static ProgramConfig config() {
    ProgramConfig it = ProgramConfig.onLoopback(List.of());
    return new ProgramConfig(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        it.backlog(),
        Duration.ofSeconds(1),
        List.of(),
        it.deadline(),
        it.backOff(),
        OUTBOX,
        Path.of("."),
        it.workers(),
        it.queue());
  }
}
