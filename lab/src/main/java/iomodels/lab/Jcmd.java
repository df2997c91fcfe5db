package iomodels.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Asks another JVM about itself, by the JDK's {@code jcmd}. */
public final class Jcmd {

  private static final int SECONDS = 120;

  private Jcmd() {}

  /**
   * What it answers, or what {@code jcmd} complains of.
   *
   * @throws IOException if there is no {@code jcmd}, or it does not come to an end
   */
  public static String ask(ProcessHandle process, String command)
      throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    Path output = Files.createTempFile("iomodels-jcmd", ".txt");
    try {
      Process asking =
          new ProcessBuilder(jcmd.toString(), String.valueOf(process.pid()), command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      try {
        if (!asking.waitFor(SECONDS, TimeUnit.SECONDS)) {
          throw new IOException("jcmd did not come to an end");
        }
      } finally {
        asking.destroyForcibly(); // Who is interrupted leaves it behind otherwise.
      }
      return Files.readString(output);
    } finally {
      Files.delete(output);
    }
  }
}
