package iomodels.lab.bench;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import iomodels.process.TemporaryFolder;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * nginx with one worker, which HTTP servers are compared with: it answers {@code GET /hello} with
 * the content of the program {@code http}. Its processes end with this JVM at the latest.
 */
public final class Nginx implements AutoCloseable {

  /** Its name among servers. */
  public static final String NAME = "nginx";

  /** Error message where it is missing. */
  public static final String MISSING = "nginx is not installed (Debian: nginx-light)";

  /** Folders of the program besides those of {@code PATH}, which may lack them for most users. */
  private static final List<String> SYSTEM_FOLDERS = List.of("/usr/sbin", "/usr/local/sbin");

  private static final String CONFIGURATION =
      """
      daemon off;
      worker_processes 1;
      pid "{folder}/pid";
      error_log stderr;
      events {
        worker_connections 4096;
      }
      http {
        access_log off;
        keepalive_requests 4000000000;
        keepalive_timeout 1h;
        client_body_temp_path "{folder}/body";
        proxy_temp_path "{folder}/proxy";
        fastcgi_temp_path "{folder}/fastcgi";
        uwsgi_temp_path "{folder}/uwsgi";
        scgi_temp_path "{folder}/scgi";
        server {
          listen 127.0.0.1:{port};
          location = /hello {
            default_type text/plain;
            return 200 "hello\\n";
          }
        }
      }
      """;

  /** How often to try another port: one that was free may be taken a moment later. */
  private static final int TRIES = 3;

  private static final int START_SECONDS = 10;
  private static final int END_SECONDS = 2;
  private static final int POLL_MILLIS = 10;

  private final TemporaryFolder folder;
  private final Process process;
  private final InetSocketAddress address;

  private Nginx(TemporaryFolder folder, Process process, InetSocketAddress address) {
    this.folder = folder;
    this.process = process;
    this.address = address;
  }

  /** Whether it is installed. */
  public static boolean isInstalled() {
    return program().isPresent();
  }

  private static Optional<Path> program() {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Stream.concat(Stream.of(path.split(File.pathSeparator)), SYSTEM_FOLDERS.stream())
        .filter(it -> !it.isEmpty())
        .map(it -> Path.of(it, NAME))
        .filter(it -> Files.isRegularFile(it) && Files.isExecutable(it))
        .findFirst();
  }

  /**
   * Starts it on a free port of the loopback address.
   *
   * @param prefix prefix of its command, such as {@code taskset -c 0}
   * @throws IOException if it is not installed, or does not start; the message says why
   */
  public static Nginx start(List<String> prefix) throws IOException, InterruptedException {
    Path program = program().orElseThrow(() -> new IOException(MISSING));
    for (int i = 1; ; i++) {
      try {
        return start(program, prefix, freePort());
      } catch (IOException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  private static Nginx start(Path program, List<String> prefix, InetSocketAddress address)
      throws IOException, InterruptedException {
    TemporaryFolder folder = TemporaryFolder.create(NAME);
    boolean started = false;
    try {
      Path configuration =
          Files.writeString(
              folder.resolve("nginx.conf"),
              CONFIGURATION
                  .replace("{folder}", folder.path().toString())
                  .replace("{port}", String.valueOf(address.getPort())));
      List<String> command = new ArrayList<>(prefix);
      command.addAll(List.of(program.toString(), "-c", configuration.toString()));
      Nginx nginx =
          new Nginx(
              folder,
              ChildProcesses.start(
                  new ProcessBuilder(command)
                      .redirectErrorStream(true)
                      .redirectOutput(folder.resolve("log").toFile())),
              address);
      try {
        nginx.awaitStart();
        started = true;
        return nginx;
      } finally {
        if (!started) {
          nginx.close();
        }
      }
    } finally {
      if (!started) {
        folder.close();
      }
    }
  }

  private static InetSocketAddress freePort() throws IOException {
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    try (ServerSocket socket = new ServerSocket(0, 1, loopback)) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  /** Waits until it answers: it says nothing when it listens. */
  private void awaitStart() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!answers()) {
      if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new IOException("nginx did not start: " + lastLine());
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("nginx did not listen within %d s".formatted(START_SECONDS));
      }
    }
  }

  /** Whether it answers, and not another process that has taken the port: its worker exists. */
  private boolean answers() {
    if (process.children().findAny().isEmpty()) {
      return false;
    }
    try (Socket socket = new Socket()) {
      socket.connect(address);
      return process.isAlive();
    } catch (IOException _) {
      return false;
    }
  }

  private String lastLine() throws IOException {
    List<String> lines = new ArrayList<>();
    try (var log = Files.newBufferedReader(folder.resolve("log"))) {
      OutputLines.read(log, lines::add);
    }
    return lines.isEmpty() ? "it printed nothing" : lines.getLast();
  }

  /** Its TCP address. */
  public InetSocketAddress address() {
    return address;
  }

  /** The master process; the worker is its child. */
  public ProcessHandle process() {
    return process.toHandle();
  }

  /** Ends both processes. */
  @Override
  public void close() {
    List<ProcessHandle> workers = process.children().toList();
    process.destroy(); // The master process ends its worker, too.
    try {
      process.waitFor(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    workers.forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    folder.close();
  }
}
