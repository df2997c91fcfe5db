package iomodels.conformance.junit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Threading;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.Executable;

/**
 * The contract of {@link ServerProvider} and {@link Server} with callers in the same JVM, as JUnit
 * tests. It is not part of the rules, which test a server from outside. A module calls it like
 * {@link Conformance}.
 */
public final class ServerContract {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();
  private static final Duration TIME_LIMIT = Duration.ofSeconds(60);
  private static final int PORTS = 3;
  private static final int CLOSERS = 4;

  private final ServerProvider provider;
  private final ServerConfig config;

  private ServerContract(ServerProvider provider, Optional<Transport> transport) {
    this.provider = provider;
    this.config = CONFIG.withTransport(transport);
  }

  /** Returns a container for each model on the module path and each of its transports. */
  public static Stream<DynamicNode> tests() {
    return ServerProvider.installed().stream().flatMap(ServerContract::tests);
  }

  private static Stream<DynamicNode> tests(ServerProvider provider) {
    String model = provider.card().name();
    Availability availability = provider.availability();
    if (!availability.here()) {
      return Stream.of(dynamicTest(model, () -> abort(availability.reason())));
    }
    List<DynamicNode> nodes = new ArrayList<>();
    if (provider.transports().isEmpty()) {
      ServerContract contract = new ServerContract(provider, Optional.empty());
      nodes.add(dynamicContainer(model, contract.clauses()));
    }
    for (Map.Entry<Transport, Availability> each : provider.transports().entrySet()) {
      ServerContract contract = new ServerContract(provider, Optional.of(each.getKey()));
      nodes.add(
          dynamicContainer(
              model + " on " + each.getKey(),
              each.getValue().here()
                  ? contract.clauses()
                  : contract.refusal(each.getValue().reason())));
    }
    return nodes.stream();
  }

  private Stream<DynamicTest> clauses() {
    return Stream.of(
        clause("reports its transport", this::reportsItsTransport),
        clause("a session that throws closes only its own connection", this::sessionThatThrows),
        clause("close may be called concurrently, and again", this::concurrentCloses),
        clause(
            "a client that never reads is disconnected after the grace period",
            this::disconnectsAfterGracePeriod),
        clause(
            "during a stop, a client that reads slowly can still send", this::slowReadersCanSend),
        clause("a failed start leaves nothing open", this::failedStart));
  }

  private Stream<DynamicTest> refusal(String reason) {
    return Stream.of(
        clause(
            "an unavailable transport is refused with the reason",
            () -> {
              IOException refused =
                  assertThrows(IOException.class, () -> provider.start(config, Services.UPPER));
              assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused::toString);
            }));
  }

  private static DynamicTest clause(String sentence, Executable check) {
    return dynamicTest(sentence, () -> assertTimeoutPreemptively(TIME_LIMIT, check));
  }

  private void reportsItsTransport() throws IOException {
    try (Server server = provider.start(config, Services.UPPER)) {
      assertTrue(server.address().getPort() > 0);
      if (provider.transports().isEmpty()) {
        assertEquals(Optional.empty(), server.transport());
      } else {
        assertEquals(config.transport(), server.transport());
      }
    }
  }

  private void sessionThatThrows() throws IOException {
    assumeTrue(
        provider.card().threading() != Threading.PROCESSES,
        "another process can only get a service by its name");
    boolean concurrent = provider.capabilities(config).contains(Capability.CONCURRENT);
    try (Server server = provider.start(config, new Faulty())) {
      if (concurrent) {
        try (Socket other = connect(server)) {
          assertEquals('A', ask(other, 'a'));
          demandItsEnd(server);
          assertEquals('B', ask(other, 'b'));
        }
      } else {
        demandItsEnd(server);
      }
      try (Socket next = connect(server)) {
        assertEquals('C', ask(next, 'c'));
      }
      assertFalse(server.terminated().isDone());
    }
  }

  private static void demandItsEnd(Server server) throws IOException {
    try (Socket victim = connect(server)) {
      try {
        assertEquals(-1, ask(victim, '!'));
      } catch (IOException _) {
        // A reset ends the connection as well.
      }
    }
  }

  private void concurrentCloses() throws IOException {
    Server server = provider.start(config, Services.UPPER);
    try (Socket client = connect(server)) {
      assertEquals('A', ask(client, 'a'));
      Stream.generate(() -> CompletableFuture.runAsync(server::close, Thread::startVirtualThread))
          .limit(CLOSERS)
          .toList()
          .forEach(CompletableFuture::join);
      server.close();
      assertTrue(server.terminated().isDone());
      server.terminated().join();
      assertEquals(-1, client.getInputStream().read());
    }
    assertThrows(IOException.class, () -> connect(server).close());
  }

  private void disconnectsAfterGracePeriod() throws IOException {
    Server server = provider.start(config.withGracePeriod(Duration.ofMillis(200)), Services.FLOOD);
    try (Socket client = connect(server)) {
      client.getOutputStream().write("9999999999999\n".getBytes(US_ASCII));
      assertEquals(0, client.getInputStream().read());
      server.close();
      assertTrue(server.terminated().isDone());
    }
  }

  /**
   * While a server stops, it ends the input of clients that are silent. A client that reads is not
   * silent, even if an idle check falls into the moment between its reading and its next request.
   */
  private void slowReadersCanSend() throws Exception {
    assumeTrue(provider.capabilities(config).contains(Capability.CONCURRENT));
    ServerConfig patient = config.withGracePeriod(TIME_LIMIT.dividedBy(2));
    List<SlowReader> readers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Server server = provider.start(patient, Services.FLOOD)) {
      for (int i = 0; i < SlowReader.COUNT; i++) {
        readers.add(new SlowReader(server.address(), i));
      }
      threads.execute(server::close);
      List<Future<Optional<Boolean>>> served = readers.stream().map(threads::submit).toList();
      List<Boolean> known = new ArrayList<>();
      for (Future<Optional<Boolean>> each : served) {
        each.get().ifPresent(known::add);
      }
      assumeFalse(known.isEmpty(), "this machine is too busy to tell");
      assertFalse(known.contains(false), () -> "served: " + known);
    } finally {
      for (SlowReader reader : readers) {
        reader.close();
      }
    }
  }

  private void failedStart() throws Exception {
    ServerConfig both = config.withDatagrams(true);
    assumeTrue(provider.capabilities(both).contains(Capability.DATAGRAMS), "it has no UDP");
    // Several times: as soon as the port is free, another process may take it.
    for (int i = 0; i < PORTS; i++) {
      InetSocketAddress address = portFreeForTcp();
      try (DatagramSocket _ = new DatagramSocket(address)) {
        ServerConfig taken =
            ServerConfig.at(address).withTransport(config.transport()).withDatagrams(true);
        IOException failure =
            assertThrows(IOException.class, () -> provider.start(taken, Services.UPPER));
        assertInstanceOf(BindException.class, failure);
        if (becomesFree(address)) {
          return;
        }
      }
    }
    fail("the port for TCP must be free again");
  }

  /** A port that is free for UDP may be taken for TCP: connections in TIME-WAIT hold theirs. */
  private static InetSocketAddress portFreeForTcp() throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(CONFIG.address());
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  /** Retries: a connection of another process may hold the port for a moment. */
  private static boolean becomesFree(InetSocketAddress address) throws Exception {
    long deadline = System.nanoTime() + TIME_LIMIT.dividedBy(2L * PORTS).toNanos();
    while (System.nanoTime() - deadline < 0) {
      try (ServerSocket listener = new ServerSocket()) {
        listener.bind(address);
        return true;
      } catch (BindException _) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
    return false;
  }

  private static Socket connect(Server server) throws IOException {
    return new Socket(server.address().getAddress(), server.address().getPort());
  }

  private static int ask(Socket client, int octet) throws IOException {
    client.getOutputStream().write(octet);
    return client.getInputStream().read();
  }

  /** The service {@code upper}, except that an exclamation mark makes it throw. */
  private record Faulty() implements Service {

    @Override
    public String name() {
      return "faulty";
    }

    @Override
    public Session open() {
      Session upper = Services.UPPER.open();
      return (in, out, endOfInput) -> {
        if (in.hasRemaining() && in.get(in.position()) == '!') {
          throw new IllegalStateException("a fault that this test has put here");
        }
        return upper.advance(in, out, endOfInput);
      };
    }

    @Override
    public Optional<Responder> datagrams() {
      return Optional.empty();
    }
  }
}
