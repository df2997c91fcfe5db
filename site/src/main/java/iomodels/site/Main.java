package iomodels.site;

import java.io.IOException;
import java.nio.file.Path;

/** Generates the site, when the build packages the module. */
public final class Main {

  private Main() {}

  /**
   * Writes the site into a folder, in place of what is there.
   *
   * @param arguments the project's folder, and the site's
   */
  public static void main(String[] arguments) {
    Path project = Path.of(arguments[0]).toAbsolutePath().normalize();
    Path output = Path.of(arguments[1]).toAbsolutePath().normalize();
    try {
      Recorded recorded = Recorded.read(project.resolve("site/src/main/recorded"));
      // What was recorded may be incomplete, and a page says so; so does the build.
      recorded.problems().forEach(Main::say);
      int pages = new StudySite(project, recorded).write(output);
      System.out.printf("%d pages: %s%n", pages, output.resolve("index.html"));
    } catch (IOException | IllegalArgumentException e) {
      say(String.valueOf(e.getMessage())); // Something in the sources or the texts, to be mended.
      System.exit(1);
    }
  }

  private static void say(String problem) {
    System.err.println("site: " + problem);
  }
}
