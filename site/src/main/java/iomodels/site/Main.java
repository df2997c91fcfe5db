package iomodels.site;

import java.io.IOException;
import java.nio.file.Path;

/** Generates the site. The build runs it when it packages the module. */
public final class Main {

  private Main() {}

  /**
   * Writes the site into a folder and replaces what the folder contains.
   *
   * @param arguments the project's folder and the output folder
   */
  public static void main(String[] arguments) {
    Path project = Path.of(arguments[0]).toAbsolutePath().normalize();
    Path output = Path.of(arguments[1]).toAbsolutePath().normalize();
    try {
      Recorded recorded = Recorded.read(project.resolve("site/src/main/recorded"));
      // Incomplete recordings do not fail the build: the pages and the build report them.
      recorded.problems().forEach(Main::say);
      int pages = new StudySite(project, recorded).write(output);
      System.out.printf("%d pages: %s%n", pages, output.resolve("index.html"));
    } catch (IOException | IllegalArgumentException e) {
      say(String.valueOf(e.getMessage())); // An error in the sources or the content.
      System.exit(1);
    }
  }

  private static void say(String problem) {
    System.err.println("site: " + problem);
  }
}
