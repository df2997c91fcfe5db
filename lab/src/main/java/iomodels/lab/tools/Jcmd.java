package iomodels.lab.tools;

import iomodels.process.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Sends a diagnostic command to another JVM with the JDK's {@code jcmd}. */
public final class Jcmd {

  private static final int SECONDS = 120;

  private Jcmd() {}

  /**
   * Returns the output of a command, or the error message of {@code jcmd}.
   *
   * @throws IOException if {@code jcmd} is missing or does not end in time
   */
  public static String ask(ProcessHandle process, String command)
      throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    try (TemporaryFolder folder = TemporaryFolder.create("jcmd")) {
      Path output = folder.resolve("output.txt");
      Process asking =
          new ProcessBuilder(jcmd.toString(), String.valueOf(process.pid()), command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      try {
        if (!asking.waitFor(SECONDS, TimeUnit.SECONDS)) {
          throw new IOException("jcmd did not end within %d s".formatted(SECONDS));
        }
      } finally {
        asking.destroyForcibly(); // An interrupt would leave it running.
      }
      return Files.readString(output);
    }
  }
}
