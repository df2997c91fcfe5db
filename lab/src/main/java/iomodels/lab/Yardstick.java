package iomodels.lab;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A server of {@code upper} in plain C, one for each model: what a server in Java is measured
 * against; or the relay, which a program in Java is measured against. It is compiled when it is
 * started, by the machine's own {@code cc}, which takes a moment and can never be out of date. Ends
 * with this JVM at the latest.
 */
public final class Yardstick implements AutoCloseable {

  private static final List<String> NAMES =
      List.of(
          "sequential", "threads", "select", "poll", "epoll", "epoll-edge", "sigio", "io_uring");

  /** The one that serves over UDP. */
  public static final String DATAGRAMS = "udp";

  /** The one that is a program: it forwards to an upstream. */
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
      String words = line.orElse("it said nothing");
      close();
      throw new IOException("the yardstick %s did not come up: %s".formatted(name, words));
    }
    int port = Integer.parseInt(line.orElseThrow().substring(LISTENING.length()));
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** What there are over TCP, each the name of a file in {@code lab/yardstick}. */
  public static List<String> names() {
    return NAMES;
  }

  /** How many connections one of them serves at a time, at most. */
  public static int connections(String name) {
    return switch (name) {
      case "sequential" -> 1;
      case "select" -> 1_000; // of 1,024 descriptors, some are its own
      default -> Integer.MAX_VALUE;
    };
  }

  /** The one that does in C what a model does in Java, or comes nearest to it. */
  public static String twinOf(ModelCard card) {
    return switch (card.ioModel()) {
      case BLOCKING -> card.threading() == Threading.ONE ? "sequential" : "threads";
      case SIGNAL_DRIVEN -> "sigio";
      case ASYNCHRONOUS -> "io_uring";
      case NON_BLOCKING, MULTIPLEXING -> {
        if (card.notification() == Notification.EDGE_TRIGGERED) {
          yield "epoll-edge";
        }
        // The call that it waits in tells these two from epoll, which is what frameworks use.
        yield switch (card.waitsIn()) {
          case "select", "poll" -> card.waitsIn();
          default -> "epoll";
        };
      }
    };
  }

  /**
   * Compiles and starts one.
   *
   * @param name out of {@link #names}
   * @param prefix what to put before its command, such as {@code taskset -c 0}
   * @throws IOException if there is no C compiler, or it does not compile or come up, in words
   */
  public static Yardstick start(String name, List<String> prefix)
      throws IOException, InterruptedException {
    return start(name, prefix, List.of());
  }

  /**
   * Compiles and starts the relay.
   *
   * @param prefix as of {@link #start}
   * @param upstreamPort where it forwards to, on loopback
   * @throws IOException as of {@link #start}
   */
  public static Yardstick startRelay(int upstreamPort, List<String> prefix)
      throws IOException, InterruptedException {
    return start(RELAY, prefix, List.of(String.valueOf(upstreamPort)));
  }

  private static Yardstick start(String name, List<String> prefix, List<String> arguments)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("iomodels-yardstick");
    try {
      Path program = compile(name, folder);
      List<String> command = new ArrayList<>(prefix);
      command.addAll(List.of(program.toString(), "0"));
      command.addAll(arguments);
      // Once it has said where it listens, it runs, and its file is not needed any more.
      return new Yardstick(
          name, ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true)));
    } finally {
      delete(folder);
    }
  }

  /**
   * Compiles one into a folder.
   *
   * @return the program, which takes a port; the relay, its upstream's as well
   * @throws IOException if there is no C compiler, or it complains
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
      throw new IOException("there is no C compiler (cc) here", e);
    }
    if (!compiler.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS)) {
      compiler.destroyForcibly();
      throw new IOException("cc does not come to an end with %s.c".formatted(name));
    }
    if (compiler.exitValue() != 0) {
      String complaint = Files.readString(log).lines().findFirst().orElse("it does not say why");
      throw new IOException("cc does not compile %s.c: %s".formatted(name, complaint));
    }
    return program;
  }

  private static Path copy(String file, Path folder) throws IOException {
    try (InputStream source = Yardstick.class.getResourceAsStream("yardstick/" + file)) {
      if (source == null) {
        throw new IOException("no yardstick " + file);
      }
      return Files.writeString(
          folder.resolve(file), new String(source.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  public String name() {
    return name;
  }

  /** Where it listens, over TCP. */
  public InetSocketAddress address() {
    return address;
  }

  public ProcessHandle process() {
    return process.toHandle();
  }

  /** Ends it: it owes nobody anything. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
