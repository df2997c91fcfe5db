package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.process.ChildProcesses;
import iomodels.process.JavaOptions;
import iomodels.process.OutputLines;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * {@link IdleClients} in a process of their own: the clients of several servers together need more
 * descriptors than one process may have. The process ends with this JVM at the latest: the end of
 * its input is its signal.
 */
public final class IdleClientsProcess implements AutoCloseable {

  private static final String READY = "ready";
  private static final String FAILED = "failed: ";
  private static final String MODULE = "iomodels.lab/" + IdleClientsProcess.class.getName();
  private static final int END_SECONDS = 30;

  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;

  private IdleClientsProcess(Process process) {
    this.process = process;
    commands = process.outputWriter();
    answers = process.inputReader();
  }

  /**
   * Starts a process without clients.
   *
   * @throws IOException if the process does not start
   */
  public static IdleClientsProcess start(InetSocketAddress server) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JavaOptions.COMMON);
    command.addAll(JavaOptions.serialCollector());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("--module-path", System.getProperty("jdk.module.path", ".")));
    command.addAll(List.of("--module", MODULE));
    command.add(server.getAddress().getHostAddress());
    command.add(String.valueOf(server.getPort()));
    return new IdleClientsProcess(
        ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true)));
  }

  /**
   * Adds clients until there are {@code size}, and waits until all have been served once.
   *
   * @throws IOException if the server refuses a client or does not answer it in time; the message
   *     says which
   */
  public void growTo(int size) throws IOException {
    commands.write(size + "\n");
    commands.flush();
    String last = "it printed nothing";
    Optional<String> line = OutputLines.next(answers);
    while (line.isPresent() && !line.get().equals(READY)) {
      last = line.get(); // The JVM may print warnings as well.
      if (last.startsWith(FAILED)) {
        throw new IOException(last.substring(FAILED.length()));
      }
      line = OutputLines.next(answers);
    }
    if (line.isEmpty()) {
      throw new IOException("the process of the idle clients has ended: " + last);
    }
  }

  /** Main program of the process. Arguments: HOST PORT. Reads one size per line. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    InetSocketAddress server =
        new InetSocketAddress(InetAddress.getByName(arguments[0]), Integer.parseInt(arguments[1]));
    BufferedReader sizes = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
    try (IdleClients clients = new IdleClients(server)) {
      for (String size = sizes.readLine(); size != null; size = sizes.readLine()) {
        clients.growTo(Integer.parseInt(size), () -> {});
        System.out.println(READY);
      }
    } catch (LoadException e) {
      System.out.println(FAILED + e.getMessage());
    }
  }

  /** Closes all connections and ends the process. */
  @Override
  public void close() {
    try {
      commands.close();
      process.waitFor(END_SECONDS, TimeUnit.SECONDS);
    } catch (IOException _) {
      // The process has ended.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
