package iomodels.cli;

import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.SourceVersion;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes a module for a model of one's own, out of the sources of one that is there. */
@Command(
    name = "new",
    description = {
      "Makes a module for a model of your own. It begins as a copy of one that is there, under its"
          + " own name: it builds, serves and passes the rules at once, and its README.md says what"
          + " to change first.",
      "Without --outside it becomes a part of this build: list, serve, conform and compare know it"
          + " from then on."
    },
    footer = {"", "Exit code: 0 it is there, 2 it is not, and nothing has been written."},
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class NewCommand implements Callable<Integer> {

  /** The root of the sources; the script {@code iomodels} says where it is. */
  static final String HOME = "iomodels.home";

  /** Files are named after it, and have a longest name, too. */
  private static final int LONGEST = 60;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");

  /** As {@link SourceVersion#isName} says, but of letters that any file system can hold. */
  private static final Pattern PACKAGE = Pattern.compile("[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "NAME",
      description = "What the model is called: small letters, digits and hyphens.")
  private String name = "";

  @Option(
      names = "--like",
      paramLabel = "MODEL",
      defaultValue = "blocking-threads",
      description = "The model to begin with (default: ${DEFAULT-VALUE}).")
  private String like = "";

  @Option(
      names = "--package",
      paramLabel = "P",
      description = "Of the sources, and the module's name (default: iomodels. and the name).")
  private Optional<String> packageWanted = Optional.empty();

  @Option(
      names = "--outside",
      paramLabel = "DIR",
      description =
          "Make a Maven project of its own there, which is not a part of this build. What it"
              + " depends on is installed into your local Maven repository first.")
  private Optional<Path> outside = Optional.empty();

  @Option(
      names = "--no-install",
      description = "With --outside: what it depends on is in a repository already.")
  private boolean noInstall;

  @Override
  public Integer call() throws Failure, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (noInstall && outside.isEmpty()) {
      throw new Failure("--no-install is for a project of its own; say --outside DIR as well");
    }
    ServerProvider model = Choices.model(like);
    demandName();
    String packageName = packageName();
    Path home = home();
    Path folder =
        outside.map(it -> it.toAbsolutePath().normalize()).orElse(home.resolve(name + "-impl"));
    Path parent = Objects.requireNonNullElse(folder.getParent(), folder);
    demandRoomFor(folder, parent);
    try (Draft draft = new Draft(parent, folder.getFileName().toString())) {
      demandNoSources(home, packageName);
      ModuleTemplate template = ModuleTemplate.of(model, home);
      ModuleTemplate.Copy copy = template.copy(name, packageName);
      draft.write(copy.files());
      if (outside.isPresent()) {
        StandAlone.complete(draft.folder(), copy, home);
      }
      Formatter.format(home, draft.folder());
      if (outside.isPresent() && !noInstall) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("installing what it depends on into your local Maven repository …");
        Maven.install(home, draft.folder().resolve("install.log"));
      }
      draft.publish(outside.isPresent() ? Wiring.none() : Wiring.of(home, copy));
      explain(out, copy, folder, home);
    } catch (IOException e) {
      throw new Failure("cannot make %s: %s".formatted(folder, reason(e)));
    }
    return Main.OK;
  }

  private static @Nullable String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> e.getMessage() + " is missing";
      case AccessDeniedException _ -> e.getMessage() + " is closed to you";
      default -> e.getMessage();
    };
  }

  private void demandName() throws Failure {
    if (!NAME.matcher(name).matches()) {
      throw new Failure(
          "'%s' is no name for a model; take small letters, digits and hyphens, as in my-model"
              .formatted(name));
    }
    if (name.length() > LONGEST) {
      throw new Failure(
          "'%s' is too long; a name has %d characters at most".formatted(name, LONGEST));
    }
    if (Lineup.isYardstick(name) || Lineup.isExample(name)) {
      throw new Failure(
          "'%s' begins as the names of servers in C or of examples do; take another name"
              .formatted(name));
    }
    if (ServerProvider.named(name).isPresent()) {
      throw new Failure("there is a model '%s' already; take another name".formatted(name));
    }
  }

  private String packageName() throws Failure {
    String wanted = packageWanted.orElse("iomodels." + name.replace("-", ""));
    if (!PACKAGE.matcher(wanted).matches() || !SourceVersion.isName(wanted)) {
      throw new Failure(
          "'%s' is no package: each of its parts is a word that Java does not keep for itself; take"
                  .formatted(wanted)
              + " another name, or one as in --package com.example.mymodel");
    }
    boolean javas = wanted.equals("java") || wanted.startsWith("java.");
    boolean taken =
        Stream.concat(
                ModuleLayer.boot().modules().stream().map(Module::getDescriptor),
                ModuleFinder.ofSystem().findAll().stream().map(ModuleReference::descriptor))
            .anyMatch(it -> it.name().equals(wanted) || it.packages().contains(wanted));
    if (javas || taken) {
      throw taken(wanted);
    }
    return wanted;
  }

  private static Failure taken(String packageName) {
    return new Failure(
        "the package %s is taken; choose another one with --package".formatted(packageName));
  }

  /** Not every module of the build is a part of this program. */
  private static void demandNoSources(Path home, String packageName) throws Failure, IOException {
    for (Path module : Wiring.modules(home)) {
      if (hasSources(module.resolve("src/main/java").resolve(packageName.replace('.', '/')))) {
        throw taken(packageName);
      }
    }
  }

  private static boolean hasSources(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.anyMatch(it -> it.toString().endsWith(".java"));
    }
  }

  private static Path home() throws Failure {
    Path home = Path.of(System.getProperty(HOME, "")).toAbsolutePath();
    if (!Files.isRegularFile(home.resolve("cli/pom.xml"))) {
      throw new Failure(
          "the sources to copy are not here; run ./iomodels new in a clone of the project");
    }
    return home;
  }

  private static void demandRoomFor(Path folder, Path parent) throws Failure {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new Failure("%s is there already; take another one".formatted(folder));
    }
    if (!Files.isDirectory(parent)) {
      throw new Failure("there is no folder %s to make it in".formatted(parent));
    }
    if (!Files.isWritable(parent)) {
      throw new Failure("%s cannot be written to".formatted(parent));
    }
  }

  private void explain(PrintWriter out, ModuleTemplate.Copy copy, Path folder, Path home) {
    Path here = Path.of("").toAbsolutePath();
    Path shown = folder.startsWith(here) ? here.relativize(folder) : folder;
    out.println(Ansi.AUTO.string("@|bold %s|@ is a copy of %s. Its page is".formatted(name, like)));
    out.printf("  %s%n", shown.resolve(copy.page()));
    out.println("and its README.md says what to change first. Now:");
    if (outside.isPresent()) {
      out.println("  cd " + Shell.word(shown.toString()));
      out.println("  mvn verify");
    } else {
      if (!here.equals(home)) {
        out.println("  cd " + Shell.word(home.toString()));
      }
      out.printf("  mvn verify -pl %s -am%n", copy.artifact());
    }
    out.printf("  ./iomodels compare %s %s%n", name, like);
    out.flush();
  }
}
