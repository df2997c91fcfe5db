package iomodels.cli.commands;

import iomodels.cli.lookup.ServerNames;
import iomodels.cli.lookup.Suggestion;
import iomodels.cli.options.ModelNames;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.UserError;
import iomodels.cli.project.ProjectFiles;
import iomodels.wrong.WrongServers;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code study}: opens the study site in a browser. */
@Command(
    name = "study",
    description = {
      "Open the study site: the models side by side, their code and their system calls over time.",
      "The build creates it as a folder of pages; they need no server and no network."
    },
    footer = {
      "",
      "  iomodels study                      the first page",
      "  iomodels study nio-selector         the page of one model",
      "  iomodels study nio-selector vertx   two to five models side by side",
      "  iomodels study timeline             another page: timeline, table, rules, …"
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class StudyCommand implements Callable<Integer> {

  private static final int MAX_COLUMNS = 5;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..*",
      paramLabel = "MODEL|PAGE",
      completionCandidates = ModelNames.class,
      description =
          "A model, a server of iomodels list --wrong, or a page. Several servers are shown side by"
              + " side; wrong servers cannot be.")
  private List<String> wanted = List.of();

  @Option(names = "--zh", description = "Open the Chinese pages.")
  private boolean chinese;

  @Option(names = "--print", description = "Print the address, and open nothing.")
  private boolean printOnly;

  @Override
  public Integer call() throws UserError {
    Path site = site();
    String address = address(site);
    PrintWriter out = spec.commandLine().getOut();
    out.println(address);
    if (!printOnly && !opened(address)) {
      out.println("No browser can be started from here: open this address in a browser.");
    }
    return ExitCode.OK;
  }

  private Path site() throws UserError {
    Path home =
        ProjectFiles.home()
            .orElseThrow(
                () ->
                    new UserError(
                        "the study site is made from the sources, which are not here; run"
                            + " ./iomodels study in a clone of the project"));
    Path site = home.resolve("site/target/site").toAbsolutePath();
    if (!Files.isRegularFile(site.resolve("index.html"))) {
      throw new UserError(
          "there is no site in %s; run mvn package in the project that has the module site"
              .formatted(site));
    }
    return site;
  }

  private String address(Path site) throws UserError {
    Path language = chinese ? site.resolve("zh") : site;
    if (wanted.size() > MAX_COLUMNS) {
      throw new UserError(
          "no more than %d models fit side by side; name fewer".formatted(MAX_COLUMNS));
    }
    boolean twin = wanted.size() == 1 && wanted.getFirst().contains(":");
    if (wanted.size() > 1 || twin) { // A twin has no page of its own.
      for (String each : wanted) {
        demandColumn(site, each);
      }
      return address(language.resolve("side-by-side.html"), String.join(",", wanted));
    }
    String name = wanted.isEmpty() ? "index" : wanted.getFirst();
    Path page = language.resolve(name + ".html");
    if (Files.isRegularFile(page)) {
      return address(page, "");
    }
    page = language.resolve("models").resolve(name + ".html");
    if (!Files.isRegularFile(page) && ServerNames.isForStudy(name)) {
      return address(language.resolve("rules.html"), name); // A wrong server, below its rule.
    }
    if (!Files.isRegularFile(page)) {
      String advice =
          advice(name, pages(site))
              .orElse(
                  "it has one for each model (iomodels list), and timeline, side-by-side, table,"
                      + " rules and glossary");
      throw new UserError("the site has no page for '%s'; %s".formatted(name, advice));
    }
    return address(page, "");
  }

  private static void demandColumn(Path site, String name) throws UserError {
    if (Files.isRegularFile(site.resolve("code").resolve(name.replaceAll("[:/]", ".") + ".js"))) {
      return;
    }
    if (WrongServers.named(name).isPresent()) {
      throw new UserError(
          "the wrong server '%1$s' has no column; see it below its rule: iomodels study %1$s"
              .formatted(name));
    }
    String advice =
        advice(name, columns(site).toList()).orElse("it has one for each model: see iomodels list");
    throw new UserError("the site has no column for '%s'; %s".formatted(name, advice));
  }

  private static Optional<String> advice(String mistyped, List<String> known) {
    return Suggestion.of(mistyped, known).map("did you mean '%s'?"::formatted);
  }

  /** What can be shown alone. */
  private static List<String> pages(Path site) {
    return Stream.of(ServerNames.all(), names(site, ".html"), columns(site))
        .flatMap(names -> names)
        .distinct()
        .toList();
  }

  /** What can be shown in columns, such as {@code python:tutorial/blocking}. */
  private static Stream<String> columns(Path site) {
    return names(site.resolve("code"), ".js")
        .map(it -> it.replaceFirst("\\.", ":").replace('.', '/'));
  }

  private static Stream<String> names(Path folder, String suffix) {
    String[] files = folder.toFile().list((_, name) -> name.endsWith(suffix));
    return Stream.of(files == null ? new String[0] : files)
        .map(it -> it.substring(0, it.length() - suffix.length()));
  }

  private static String address(Path page, String fragment) {
    String file = page.toUri().toString();
    return fragment.isEmpty() ? file : file + "#" + fragment;
  }

  /** Starts a browser, and returns whether that was possible. */
  private static boolean opened(String address) {
    Optional<String> opener = opener();
    if (opener.isEmpty()) {
      return false;
    }
    try {
      // Do not wait: the opener may be the browser itself, which keeps running.
      new ProcessBuilder(opener.get(), address)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private static Optional<String> opener() {
    if (System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("mac")) {
      return Optional.of("open");
    }
    @Nullable String chosen = System.getenv("BROWSER");
    if (chosen != null && !chosen.isBlank()) {
      return Optional.of(chosen);
    }
    boolean desktop = System.getenv("DISPLAY") != null || System.getenv("WAYLAND_DISPLAY") != null;
    return desktop ? onPath("xdg-open") : Optional.empty();
  }

  private static Optional<String> onPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of(path.split(File.pathSeparator))
        .map(it -> Path.of(it, program))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst();
  }
}
