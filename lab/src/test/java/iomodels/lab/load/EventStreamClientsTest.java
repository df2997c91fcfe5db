package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iomodels.lab.load.Load.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EventStreamClientsTest {

  private static final String HEAD =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

  /** Sends events to one client. */
  @FunctionalInterface
  private interface Stream {
    void send(Socket client) throws IOException, InterruptedException;
  }

  private static final class TestServer implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Stream stream;

    TestServer(Stream stream) throws IOException {
      this.stream = stream;
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
        stream.send(socket);
      } catch (IOException | InterruptedException _) {
        // The client has closed its connection.
      }
    }

    Load load(int clients) {
      return Load.of(
              (InetSocketAddress) listener.getLocalSocketAddress(),
              clients,
              Payload.httpTicker(EventStreamClients.INTERVAL))
          .withShape(Shape.EVENT_STREAMS)
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

  private static void write(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(US_ASCII));
  }

  private static String event(long number) {
    String event = "data: %d\n\n".formatted(number);
    return "%x\r\n%s\r\n".formatted(event.length(), event);
  }

  private static Stream eventsEvery(long millis) {
    return client -> {
      write(client, HEAD);
      for (int i = 1; ; i++) {
        write(client, event(i));
        TimeUnit.MILLISECONDS.sleep(millis);
      }
    };
  }

  /** Ends the round when so many latencies have been recorded. */
  private static final class Recorded implements RoundObserver {

    private final CountDownLatch begun = new CountDownLatch(1);
    private final long wanted;
    private long recorded;

    Recorded(long wanted) {
      this.wanted = wanted;
    }

    @Override
    public boolean shouldContinue() {
      begun.countDown();
      return recorded < wanted;
    }

    @Override
    public void intervalEnded(Interval interval) {
      recorded += interval.latency().getTotalCount();
    }
  }

  @Test
  void anEventIsAsLateAsItsIntervalIsTooLongAndNotLateIfItIsEarly() throws Exception {
    Recorded both = new Recorded(2);
    Stream stream =
        client -> {
          write(client, HEAD + event(1));
          both.begun.await(); // By now the client has event 1.
          TimeUnit.MILLISECONDS.sleep(1_500);
          write(client, event(2) + event(3));
          client.getInputStream().transferTo(OutputStream.nullOutputStream());
        };

    try (TestServer server = new TestServer(stream);
        LoadGenerator clients = LoadGenerators.connect(server.load(1))) {
      LoadResult result = clients.round(Duration.ofSeconds(20), both);

      assertThat(result.answered()).isEqualTo(2);
      assertThat(result.histogram().getMaxValue())
          .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(500));
      assertThat(result.histogram().getMinValue()).isZero();
    }
  }

  @Test
  void eventsThatAreSentTooFastAreAnError() {
    String events = LongStream.rangeClosed(1, 50).mapToObj(it -> event(it)).collect(joining());

    assertThatExceptionOfType(LoadException.class)
        .isThrownBy(
            () ->
                load(
                    client -> {
                      write(client, HEAD + events);
                      client.getInputStream().transferTo(OutputStream.nullOutputStream());
                    }))
        .withMessageMatching(
            "client 1 of 1: event \\d+ arrived after \\d+ ms, with an interval of 1000 ms");
  }

  @Test
  void theClientsAreAsManyAsWanted() throws Exception {
    try (TestServer server = new TestServer(eventsEvery(1_000));
        EventStreamClients clients = EventStreamClients.of(server.load(250))) {
      AtomicInteger progress = new AtomicInteger();
      clients.growTo(20, progress::incrementAndGet);
      clients.growTo(250, progress::incrementAndGet);

      assertThat(progress).hasValue(250);
      assertThat(server.sockets).hasSize(250);
    }
  }

  @Test
  void aWrongNumberIsAnError() {
    assertFails(
        client -> {
          write(client, HEAD + event(1) + event(3));
          client.getInputStream().transferTo(OutputStream.nullOutputStream());
        },
        "client 1 of 1: byte 6 of event 2 is wrong");
  }

  @Test
  void aStreamThatEndsIsAnError() {
    assertFails(
        client -> {
          write(client, HEAD + event(1) + "0\r\n\r\n");
          client.getInputStream().transferTo(OutputStream.nullOutputStream());
        },
        "client 1 of 1: the response ended, before event 2");
    assertFails(
        client -> write(client, HEAD + event(1)),
        "client 1 of 1: the server ended the stream, before event 2");
  }

  @Test
  void anEventThatDoesNotComeIsAnError() throws Exception {
    try (TestServer server =
        new TestServer(
            client -> {
              write(client, HEAD);
              client.getInputStream().transferTo(OutputStream.nullOutputStream());
            })) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(
              () -> LoadGenerators.connect(server.load(1).withPatience(Duration.ofMillis(200))))
          .withMessage("client 1 of 1: event 1 did not arrive within 200 ms");
    }
  }

  private static void assertFails(Stream stream, String message) {
    assertThatExceptionOfType(LoadException.class)
        .isThrownBy(() -> load(stream))
        .withMessageStartingWith(message);
  }

  private static void load(Stream stream) throws Exception {
    try (TestServer server = new TestServer(stream);
        LoadGenerator clients = LoadGenerators.connect(server.load(1))) {
      clients.round(Duration.ofSeconds(20));
    }
  }
}
