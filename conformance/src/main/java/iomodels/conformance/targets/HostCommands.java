package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The commands of a {@link HostProcess}, which the process reads from its standard input:
 *
 * <ul>
 *   <li>{@code start ID ARGUMENT…}. The answer is {@code listening ID PORT TRANSPORT} or {@code
 *       failed ID MESSAGE}.
 *   <li>{@code stop ID}. The answer is {@code stopped ID}.
 * </ul>
 *
 * <p>{@code died ID} reports that a server has ended by itself.
 */
final class HostCommands {

  static final String LISTENING = "listening";
  static final String FAILED = "failed";
  static final String STOPPED = "stopped";
  static final String DIED = "died";

  /** The first words of the answers. */
  static final Set<String> ANSWERS = Set.of(LISTENING, FAILED, STOPPED, DIED);

  /**
   * Stands for a transport: as an argument, for the model's default; in an answer, for a server
   * without a choice of transports.
   */
  static final String NO_TRANSPORT = "-";

  /** Starts servers. */
  interface Starter {

    /** Starts the server that the arguments of the command describe. */
    Server start(List<String> arguments) throws IOException;
  }

  private final Starter starter;
  private final Map<String, Server> servers = new ConcurrentHashMap<>();

  HostCommands(Starter starter) {
    this.starter = starter;
  }

  /** Runs commands until the input ends. */
  void run() throws IOException {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      List<String> words = List.of(line.split(" ", -1));
      String id = words.get(1);
      if (words.getFirst().equals("start")) {
        start(id, words.subList(2, words.size()));
      } else {
        Thread.startVirtualThread(() -> stop(id));
      }
    }
  }

  private void start(String id, List<String> arguments) {
    try {
      Server server = starter.start(arguments);
      servers.put(id, server);
      server.terminated().exceptionally(cause -> died(id, cause));
      String transport = server.transport().map(Transport::toString).orElse(NO_TRANSPORT);
      answer("%s %s %d %s".formatted(LISTENING, id, server.address().getPort(), transport));
    } catch (IOException e) {
      answer("%s %s %s".formatted(FAILED, id, e.getMessage()));
    } catch (Throwable e) { // Otherwise the process would take no further command.
      answer("%s %s %s".formatted(FAILED, id, e));
    }
  }

  private Void died(String id, Throwable cause) {
    cause.printStackTrace();
    if (servers.remove(id) != null && servers.isEmpty()) {
      Runtime.getRuntime().halt(1);
    }
    answer("%s %s".formatted(DIED, id));
    throw new CompletionException(cause);
  }

  private void stop(String id) {
    Server server = servers.remove(id);
    try {
      if (server != null) {
        server.close();
      }
    } finally {
      answer("%s %s".formatted(STOPPED, id));
    }
  }

  /** Closes all servers side by side. */
  void closeAll() {
    CompletableFuture.allOf(
            servers.values().stream()
                .map(it -> CompletableFuture.runAsync(it::close, Thread::startVirtualThread))
                .toArray(CompletableFuture[]::new))
        .join();
  }

  private static void answer(String line) {
    synchronized (System.out) {
      System.out.println(line.lines().findFirst().orElse(""));
      System.out.flush();
    }
  }
}
