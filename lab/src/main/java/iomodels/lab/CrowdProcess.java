package iomodels.lab;

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
 * A {@link Crowd} in a process of its own: several of them, to several servers, are more
 * connections than one process may have. Ends with this JVM at the latest, whose end it sees as the
 * end of its input.
 */
public final class CrowdProcess implements AutoCloseable {

  private static final String READY = "ready";
  private static final String FAILED = "failed: ";
  private static final String MODULE = "iomodels.lab/" + CrowdProcess.class.getName();
  private static final int END_SECONDS = 30;

  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;

  private CrowdProcess(Process process) {
    this.process = process;
    commands = process.outputWriter();
    answers = process.inputReader();
  }

  /**
   * Starts it, with nobody in it.
   *
   * @throws IOException if the process does not start
   */
  public static CrowdProcess start(InetSocketAddress server) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JavaOptions.COMMON);
    command.addAll(JavaOptions.serialCollector());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("--module-path", System.getProperty("jdk.module.path", ".")));
    command.addAll(List.of("--module", MODULE));
    command.add(server.getAddress().getHostAddress());
    command.add(String.valueOf(server.getPort()));
    return new CrowdProcess(
        ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true)));
  }

  /**
   * Lets more come, and waits until all have been served once.
   *
   * @throws IOException if the server refuses one or keeps it waiting, in words
   */
  public void growTo(int size) throws IOException {
    commands.write(size + "\n");
    commands.flush();
    String last = "it said nothing";
    Optional<String> line = OutputLines.next(answers);
    while (line.isPresent() && !line.get().equals(READY)) {
      last = line.get(); // The JVM may have something to say as well.
      if (last.startsWith(FAILED)) {
        throw new IOException(last.substring(FAILED.length()));
      }
      line = OutputLines.next(answers);
    }
    if (line.isEmpty()) {
      throw new IOException("the crowd has ended: " + last);
    }
  }

  /** The process's own program: it is given HOST and PORT, and reads how many, line by line. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    InetSocketAddress server =
        new InetSocketAddress(InetAddress.getByName(arguments[0]), Integer.parseInt(arguments[1]));
    BufferedReader sizes = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
    try (Crowd crowd = new Crowd(server)) {
      for (String size = sizes.readLine(); size != null; size = sizes.readLine()) {
        crowd.growTo(Integer.parseInt(size), () -> {});
        System.out.println(READY);
      }
    } catch (LoadException e) {
      System.out.println(FAILED + e.getMessage());
    }
  }

  /** All of them leave. */
  @Override
  public void close() {
    try {
      commands.close();
      process.waitFor(END_SECONDS, TimeUnit.SECONDS);
    } catch (IOException _) {
      // It has ended.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
