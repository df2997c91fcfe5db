package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iomodels.lab.load.Load.Shape;
import iomodels.program.Room;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class ChatLoadTest {

  private static final Duration ROUND = Duration.ofMillis(200);

  /** Replaces the line that a member receives. */
  @FunctionalInterface
  private interface Telling {
    String of(String name, String line);
  }

  /** The plainest room there is: a thread for each member, and all wait for each other. */
  private static final class TestRoom implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Room room = new Room();
    private final Telling telling;

    TestRoom(Telling telling) throws IOException {
      this.telling = telling;
      Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
      try {
        while (true) {
          Socket socket = listener.accept();
          sockets.add(socket);
          Thread.ofVirtual().start(() -> serve(socket));
        }
      } catch (IOException _) {
        // Closed: the test is over.
      }
    }

    private void serve(Socket socket) {
      try (socket) {
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
        String name = lines.readLine();
        if (name == null) {
          return;
        }
        Room.Member member = member(name, socket);
        synchronized (room) {
          room.enter(name, member);
        }
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          synchronized (room) {
            room.say(name, member, line);
          }
        }
      } catch (IOException _) {
        // The member has closed its connection.
      }
    }

    private Room.Member member(String name, Socket socket) {
      return new Room.Member() {
        @Override
        public boolean tell(String line) {
          try {
            socket.getOutputStream().write(telling.of(name, line).getBytes(US_ASCII));
          } catch (IOException _) {
            // The member has closed its connection.
          }
          return true;
        }

        @Override
        public void drop() {
          throw new IllegalStateException("there was room for every line");
        }
      };
    }

    Load load(int members, int speakers) {
      return Load.of((InetSocketAddress) listener.getLocalSocketAddress(), members, 40)
          .withShape(Shape.CHAT)
          .withInFlight(speakers)
          .withPatience(Duration.ofSeconds(20));
    }

    @Override
    public void close() throws IOException {
      listener.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private final LongAdder delivered = new LongAdder();

  private String asItIs(String name, String line) {
    if (line.startsWith("m")) {
      delivered.increment();
    }
    return line;
  }

  @ParameterizedTest
  @CsvSource({"2, 1", "10, 1", "10, 4", "5, 4", "60, 3"})
  void everyLineDeliveredIsAMessage(int members, int speakers) throws Exception {
    try (TestRoom room = new TestRoom(this::asItIs);
        LoadGenerator generator = LoadGenerators.connect(room.load(members, speakers))) {
      long answered = 0;
      for (int i = 0; i < 3; i++) {
        LoadResult result = generator.round(ROUND);
        answered += result.answered();

        assertThat(result.messages()).isBetween(1L, result.answered());
        assertThat(result.answered() % (members - 1)).as("every line reached all").isZero();
        assertThat(result.histogram().getTotalCount())
            .as("latency is a line's")
            .isEqualTo(result.answered() / (members - 1));
      }
      assertThat(delivered.sum()).isEqualTo(answered);
    }
  }

  @Test
  void atAPaceThereAreNoMoreLinesThanFallDue() throws Exception {
    try (TestRoom room = new TestRoom(this::asItIs);
        LoadGenerator generator = LoadGenerators.connect(room.load(4, 2).withRate(100))) {
      LoadResult result = generator.round(ROUND);

      assertThat(result.answered()).isBetween(3L, 20L * 3);
      assertThat(result.histogram().getTotalCount()).isEqualTo(20);
      assertThat(result.uncorrected()).isPresent();
    }
  }

  @Test
  void aLineThatDoesNotReachOneIsAnError() throws Exception {
    assertFails(
        1,
        (name, line) -> name.equals("m0003") && line.startsWith("m") ? "" : line,
        "a line of m0000 has not reached 1 of the other members within PT0.3S");
  }

  @Test
  void aLineThatComesTwiceIsAnError() throws Exception {
    assertFails(
        2,
        (name, line) -> name.equals("m0003") && line.startsWith("m0001") ? line + line : line,
        "member 4 of 5: ");
  }

  @Test
  void aWrongByteIsAnError() throws Exception {
    assertFails(
        2,
        (name, line) -> name.equals("m0003") ? line.replace("xyz", "xYz") : line,
        "member 4 of 5: byte ");
  }

  @Test
  void anOrderThatIsNotTheOthersIsAnError() throws Exception {
    AtomicReference<String> heldBack = new AtomicReference<>("");
    assertFails(
        2,
        (name, line) -> {
          if (!name.equals("m0003") || !line.startsWith("m")) {
            return line;
          }
          if (line.startsWith("m0000")) {
            heldBack.set(line);
            return "";
          }
          return line + heldBack.getAndSet("");
        },
        "member ");
  }

  @Test
  void whatWasNotSaidIsAnError() throws Exception {
    assertFails(
        2,
        (name, line) ->
            name.equals("m0003") && line.startsWith("m") ? "* m0002 left\n" + line : line,
        "member 4 of 5: received a line that no member has sent: * m0002 left");
  }

  @Test
  void aStrangerInTheRoomIsAnError() throws Exception {
    try (TestRoom room =
        new TestRoom((_, line) -> line.replace("here: m0000", "here: somebody m0000"))) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> LoadGenerators.connect(room.load(3, 1)))
          .withMessageStartingWith("member 2 of 3: byte ");
    }
  }

  @Test
  void aMissingWelcomeIsAnError() throws Exception {
    try (TestRoom room = new TestRoom((_, _) -> "")) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(
              () -> LoadGenerators.connect(room.load(3, 1).withPatience(Duration.ofMillis(300))))
          .withMessage("member 1 of 3: the list of members has not arrived within PT0.3S");
    }
  }

  @Test
  void aRoomInWhichAllSpeakIsNone() throws Exception {
    try (TestRoom room = new TestRoom(this::asItIs)) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> LoadGenerators.connect(room.load(3, 3)))
          .withMessage("a room needs more members than speakers, and at most 10,000 members");
    }
  }

  private static void assertFails(int speakers, Telling telling, String message) throws Exception {
    try (TestRoom room = new TestRoom(telling);
        LoadGenerator generator =
            LoadGenerators.connect(room.load(5, speakers).withPatience(Duration.ofMillis(300)))) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> generator.round(Duration.ofSeconds(20)))
          .withMessageStartingWith(message);
    }
  }
}
