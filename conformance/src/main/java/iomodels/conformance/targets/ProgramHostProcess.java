package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.process.GcOverheadLimit;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.HiddenServers;
import iomodels.server.spi.StyleProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Main class of the process that runs a program of one style for the kit; its arguments are {@code
 * STYLE PROGRAM}. It reads commands from its standard input:
 *
 * <ul>
 *   <li>{@code start ID FOLDER MILLIS PORT UPSTREAM…}: deadline, own port or 0, and the ports of
 *       the upstreams. The answer is {@code listening ID PORT} or {@code failed ID MESSAGE}.
 *   <li>{@code stop ID}. The answer is {@code stopped ID}.
 * </ul>
 *
 * The process exits at the end of its input, so that it does not outlive the kit.
 */
public final class ProgramHostProcess {

  /** The first words of the answers. */
  static final Set<String> ANSWERS = Set.of("listening", "failed", "stopped");

  private ProgramHostProcess() {}

  /** Runs until its input ends. */
  public static void main(String[] arguments) throws IOException {
    GcOverheadLimit.watch();
    Program program = Programs.named(arguments[1]).orElseThrow();
    StyleProvider.Page page = style(arguments[0]).flatMap(it -> it.page(program)).orElseThrow();
    Map<String, Server> servers = new ConcurrentHashMap<>();
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      List<String> words = List.of(line.split(" ", -1));
      String id = words.get(1);
      if (words.getFirst().equals("start")) {
        start(page, words, servers);
      } else {
        Thread.startVirtualThread(
            () -> {
              Server server = servers.remove(id);
              if (server != null) {
                server.close();
              }
              reply("stopped " + id);
            });
      }
    }
    System.exit(0);
  }

  private static Optional<StyleProvider> style(String name) {
    return StyleProvider.named(name)
        .or(
            () ->
                ServiceLoader.load(HiddenServers.class).stream()
                    .flatMap(it -> it.get().style(name).stream())
                    .findFirst());
  }

  private static void start(
      StyleProvider.Page page, List<String> words, Map<String, Server> servers) {
    String id = words.get(1);
    try {
      Server server = page.starter().start(config(words));
      servers.put(id, server);
      reply("listening %s %d".formatted(id, server.address().getPort()));
    } catch (IOException | RuntimeException | LinkageError e) {
      reply("failed %s %s".formatted(id, e));
    }
  }

  private static ProgramConfig config(List<String> words) {
    Stream<InetSocketAddress> upstreams =
        words.stream().skip(5).map(ProgramHostProcess::onLoopback);
    return ProgramConfig.onLoopback(upstreams.toList())
        .at(onLoopback(words.get(4)))
        .reading(Path.of(URLDecoder.decode(words.get(2), UTF_8)))
        .within(Duration.ofMillis(Long.parseLong(words.get(3))));
  }

  private static InetSocketAddress onLoopback(String port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port));
  }

  private static void reply(String line) {
    synchronized (System.out) {
      System.out.println(line);
      System.out.flush();
    }
  }
}
