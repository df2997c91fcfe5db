package iomodels.lab.bench;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import iomodels.process.TemporaryFolder;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A server in plain C that servers in Java are compared with: one of {@code upper} for each model,
 * and the program relay. It is compiled with the machine's {@code cc} each time it is started, so
 * it is never out of date. Its process ends with this JVM at the latest.
 */
public final class Yardstick implements AutoCloseable {

  private static final List<String> NAMES =
      List.of(
          "sequential", "threads", "select", "poll", "epoll", "epoll-edge", "sigio", "io_uring");

  /** Name of the yardstick that serves over UDP. */
  public static final String DATAGRAMS = "udp";

  /** Name of the yardstick that is a relay: it forwards to an upstream server. */
  public static final String RELAY = "relay";

  private static final String HEADER = "yardstick.h";
  private static final String LISTENING = "listening ";
  private static final int COMPILE_SECONDS = 60;

  private final String name;
  private final Process process;
  private final InetSocketAddress address;

  private Yardstick(String name, Process process) throws IOException {
    this.name = name;
    this.process = process;
    BufferedReader output = process.inputReader();
    Optional<String> line = OutputLines.next(output);
    OutputLines.drain(output);
    if (!line.orElse("").startsWith(LISTENING)) {
      String reason = line.orElse("it printed nothing");
      close();
      throw new IOException("the yardstick %s did not start: %s".formatted(name, reason));
    }
    int port = Integer.parseInt(line.orElseThrow().substring(LISTENING.length()));
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** Names of the TCP servers, each that of a file in {@code lab/yardstick}. */
  public static List<String> names() {
    return NAMES;
  }

  /** The most connections that a yardstick serves at a time. */
  public static int connections(String name) {
    return switch (name) {
      case "sequential" -> 1;
      case "select" -> 1_000; // FD_SETSIZE is 1,024, and it has descriptors of its own
      default -> Integer.MAX_VALUE;
    };
  }

  /** The yardstick that implements a model in C, or the one nearest to it. */
  public static String twinOf(ModelCard card) {
    return switch (card.ioModel()) {
      case BLOCKING -> card.threading() == Threading.ONE ? "sequential" : "threads";
      case SIGNAL_DRIVEN -> "sigio";
      case ASYNCHRONOUS -> "io_uring";
      case NON_BLOCKING, MULTIPLEXING -> {
        if (card.notification() == Notification.EDGE_TRIGGERED) {
          yield "epoll-edge";
        }
        // Frameworks wait in epoll.
        yield switch (card.waitsIn()) {
          case "select", "poll" -> card.waitsIn();
          default -> "epoll";
        };
      }
    };
  }

  /**
   * Compiles and starts a yardstick.
   *
   * @param name one of {@link #names}
   * @param prefix prefix of its command, such as {@code taskset -c 0}
   * @throws IOException if there is no C compiler, or the yardstick does not compile or start; the
   *     message says why
   */
  public static Yardstick start(String name, List<String> prefix)
      throws IOException, InterruptedException {
    return start(name, prefix, List.of());
  }

  /**
   * Compiles and starts the relay.
   *
   * @param upstreamPort port of the upstream server, on loopback
   * @param deadline time limit for connecting to the upstream
   * @param prefix as in {@link #start}
   * @throws IOException as in {@link #start}
   */
  public static Yardstick startRelay(int upstreamPort, Duration deadline, List<String> prefix)
      throws IOException, InterruptedException {
    return start(
        RELAY, prefix, List.of(String.valueOf(upstreamPort), String.valueOf(deadline.toMillis())));
  }

  private static Yardstick start(String name, List<String> prefix, List<String> arguments)
      throws IOException, InterruptedException {
    try (TemporaryFolder folder = TemporaryFolder.create("yardstick")) {
      Path program = compile(name, folder.path());
      List<String> command = new ArrayList<>(prefix);
      command.addAll(List.of(program.toString(), "0"));
      command.addAll(arguments);
      // The constructor waits until it listens; then its file is not needed any more.
      return new Yardstick(
          name, ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true)));
    }
  }

  /**
   * Compiles a yardstick.
   *
   * @param folder for the program and its sources
   * @return the program; its arguments are a port and, for the relay, the upstream's port and the
   *     deadline
   * @throws IOException if there is no C compiler, or it reports an error
   */
  public static Path compile(String name, Path folder) throws IOException, InterruptedException {
    copy(HEADER, folder);
    Path source = copy(name + ".c", folder);
    Path program = folder.resolve(name);
    Path log = folder.resolve("log");
    Process compiler;
    try {
      compiler =
          new ProcessBuilder(
                  "cc",
                  "-std=gnu17",
                  "-O3",
                  "-pthread",
                  "-o",
                  program.toString(),
                  source.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      throw new IOException("no C compiler (cc) found", e);
    }
    if (!compiler.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS)) {
      compiler.destroyForcibly();
      throw new IOException("cc did not finish compiling %s.c".formatted(name));
    }
    if (compiler.exitValue() != 0) {
      String error = Files.readString(log).lines().findFirst().orElse("no error message");
      throw new IOException("cc cannot compile %s.c: %s".formatted(name, error));
    }
    return program;
  }

  private static Path copy(String file, Path folder) throws IOException {
    try (InputStream source = Yardstick.class.getResourceAsStream("yardstick/" + file)) {
      if (source == null) {
        throw new IOException("unknown yardstick " + file);
      }
      return Files.writeString(
          folder.resolve(file), new String(source.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  public String name() {
    return name;
  }

  /** Its TCP address. */
  public InetSocketAddress address() {
    return address;
  }

  public ProcessHandle process() {
    return process.toHandle();
  }

  /** Kills the process. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
