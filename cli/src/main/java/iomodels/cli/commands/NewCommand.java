package iomodels.cli.commands;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.lookup.ServerNames;
import iomodels.cli.options.ModelNames;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.ShellQuoting;
import iomodels.cli.output.UserError;
import iomodels.cli.project.ProjectFiles;
import iomodels.cli.scaffold.AtomicDirectory;
import iomodels.cli.scaffold.BuildRegistration;
import iomodels.cli.scaffold.Maven;
import iomodels.cli.scaffold.ModuleRemoval;
import iomodels.cli.scaffold.ModuleTemplate;
import iomodels.cli.scaffold.SourceFormatter;
import iomodels.cli.scaffold.StandaloneProject;
import iomodels.cli.targets.BenchServers;
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

/** {@code new}: creates a module for a new model from the sources of an existing one. */
@Command(
    name = "new",
    description = {
      "Create a module for a model of your own. It begins as a renamed copy of an existing model:"
          + " it builds, serves and passes the rules at once. Its README.md says what to change"
          + " first.",
      "Without --outside it becomes a part of this build, so that list, serve, conform and compare"
          + " know it."
    },
    footer = {
      "",
      "Exit code: 0 it was created, or removed; 2 it was not, and everything is as it was."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class NewCommand implements Callable<Integer> {

  /** File names contain the name of the model, and file systems limit their length. */
  private static final int LONGEST = 60;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");

  /** Stricter than {@link SourceVersion#isName}: characters that every file system supports. */
  private static final Pattern PACKAGE = Pattern.compile("[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*");

  private static final String REMOVE = "--remove";
  private static final String FORCE = "--force";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "NAME",
      description = "Name of the model: lower-case letters, digits and hyphens.")
  private String name = "";

  @Option(
      names = "--like",
      paramLabel = "MODEL",
      completionCandidates = ModelNames.class,
      defaultValue = "blocking-threads",
      description = "Model to copy (default: ${DEFAULT-VALUE}).")
  private String like = "";

  @Option(
      names = "--package",
      paramLabel = "P",
      description = "Java package, and name of the Java module (default: iomodels. and the name).")
  private Optional<String> packageWanted = Optional.empty();

  @Option(
      names = "--outside",
      paramLabel = "DIR",
      description =
          "Create a separate Maven project in this directory, which is not a part of this build."
              + " Its dependencies are installed into your local Maven repository first.")
  private Optional<Path> outside = Optional.empty();

  @Option(
      names = "--no-install",
      description =
          "With --outside: do not install the dependencies; they are in a repository already.")
  private boolean noInstall;

  @Option(
      names = REMOVE,
      description =
          "Undo it: delete the module that this command created for NAME, and its lines in the"
              + " build. Refuses if the module has changed since.")
  private boolean remove;

  @Option(names = FORCE, description = "With --remove: delete the module even if it has changed.")
  private boolean force;

  @Override
  public Integer call() throws UserError, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (remove) {
      removeModule(out);
      return ExitCode.OK;
    }
    if (force) {
      throw new UserError("%s is for %s; add it as well".formatted(FORCE, REMOVE));
    }
    if (noInstall && outside.isEmpty()) {
      throw new UserError("--no-install is for a separate project; add --outside DIR as well");
    }
    ServerProvider model = ArgumentResolver.model(like);
    demandName();
    String packageName = packageName();
    Path home = home();
    Path folder =
        outside.map(it -> it.toAbsolutePath().normalize()).orElse(home.resolve(name + "-impl"));
    Path parent = Objects.requireNonNullElse(folder.getParent(), folder);
    demandRoomFor(folder, parent);
    try (AtomicDirectory draft = new AtomicDirectory(parent, folder.getFileName().toString())) {
      demandNoSources(home, packageName);
      ModuleTemplate template = ModuleTemplate.of(model, home);
      ModuleTemplate.Copy copy = template.copy(name, packageName);
      draft.write(copy.files());
      if (outside.isPresent()) {
        StandaloneProject.complete(draft.folder(), copy, home);
      }
      SourceFormatter.format(home, draft.folder());
      if (outside.isPresent() && !noInstall) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("installing the dependencies into your local Maven repository …");
        Maven.install(home, draft.folder().resolve("install.log"));
      }
      if (outside.isEmpty()) {
        ModuleRemoval.prepare(draft.folder());
      }
      draft.publish(
          outside.isPresent() ? BuildRegistration.none() : BuildRegistration.of(home, copy));
      explain(out, copy, folder, home);
    } catch (IOException e) {
      throw new UserError("cannot create %s: %s".formatted(folder, reason(e)));
    }
    return ExitCode.OK;
  }

  private void removeModule(PrintWriter out) throws UserError {
    if (outside.isPresent()) {
      throw new UserError(
          "nothing else knows a project outside of this build; delete its folder by hand");
    }
    demandValidName();
    Path home = home();
    try {
      ModuleRemoval removal = ModuleRemoval.of(home, name);
      if (!force) {
        removal.demandUnchanged();
      }
      out.printf("removed from %s:%n", home);
      removal.remove().forEach(it -> out.println("  " + it));
      out.flush();
    } catch (IOException e) {
      throw new UserError("cannot remove %s: %s".formatted(name, reason(e)));
    }
  }

  private static @Nullable String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> e.getMessage() + " is missing";
      case AccessDeniedException _ -> e.getMessage() + ": permission denied";
      default -> e.getMessage();
    };
  }

  private void demandValidName() throws UserError {
    if (!NAME.matcher(name).matches()) {
      throw new UserError(
          "'%s' is not a valid name of a model; use lower-case letters, digits and hyphens, such as my-model"
              .formatted(name));
    }
  }

  private void demandName() throws UserError {
    demandValidName();
    if (name.length() > LONGEST) {
      throw new UserError(
          "'%s' is too long; a name has %d characters at most".formatted(name, LONGEST));
    }
    if (BenchServers.isYardstick(name) || BenchServers.isExample(name)) {
      throw new UserError(
          "'%s' begins like the names of servers in C or of examples; choose another name"
              .formatted(name));
    }
    if (ServerProvider.named(name).isPresent()) {
      throw new UserError("there is a model '%s' already; choose another name".formatted(name));
    }
    if (ServerNames.isForStudy(name)) {
      throw new UserError(
          "there is a tutorial or a wrong server '%s'; choose another name".formatted(name));
    }
  }

  private String packageName() throws UserError {
    String wanted = packageWanted.orElse("iomodels." + name.replace("-", ""));
    if (!PACKAGE.matcher(wanted).matches() || !SourceVersion.isName(wanted)) {
      throw new UserError(
          "'%s' is not a valid package name; choose another name, or a package, such as"
                  .formatted(wanted)
              + " --package com.example.mymodel");
    }
    boolean reserved = wanted.equals("java") || wanted.startsWith("java.");
    boolean taken =
        Stream.concat(
                ModuleLayer.boot().modules().stream().map(Module::getDescriptor),
                ModuleFinder.ofSystem().findAll().stream().map(ModuleReference::descriptor))
            .anyMatch(it -> it.name().equals(wanted) || it.packages().contains(wanted));
    if (reserved || taken) {
      throw taken(wanted);
    }
    return wanted;
  }

  private static UserError taken(String packageName) {
    return new UserError(
        "the package %s is taken; choose another one with --package".formatted(packageName));
  }

  /** Looks into the sources, too: some modules of the build are not on the module path. */
  private static void demandNoSources(Path home, String packageName) throws UserError, IOException {
    for (Path module : ProjectFiles.modules(home)) {
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

  private static Path home() throws UserError {
    return ProjectFiles.home()
        .map(Path::toAbsolutePath)
        .filter(it -> Files.isRegularFile(it.resolve("cli/pom.xml")))
        .orElseThrow(
            () ->
                new UserError(
                    "the sources to copy are not here; run ./iomodels new in a clone of the"
                        + " project"));
  }

  private static void demandRoomFor(Path folder, Path parent) throws UserError {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new UserError(
          "%s exists already; choose another name, or another --outside".formatted(folder));
    }
    if (!Files.isDirectory(parent)) {
      throw new UserError(
          "there is no folder %s to create it in; create the folder first".formatted(parent));
    }
    if (!Files.isWritable(parent)) {
      throw new UserError("%s is not writable; choose another folder".formatted(parent));
    }
  }

  private void explain(PrintWriter out, ModuleTemplate.Copy copy, Path folder, Path home) {
    Path here = Path.of("").toAbsolutePath();
    Path shown = folder.startsWith(here) ? here.relativize(folder) : folder;
    out.println(Ansi.AUTO.string("@|bold %s|@ is a copy of %s. Its page is".formatted(name, like)));
    out.printf("  %s%n", shown.resolve(copy.page()));
    out.println("and its README.md says what to change first. Now:");
    if (outside.isPresent()) {
      out.println("  cd " + ShellQuoting.word(shown.toString()));
      out.println("  mvn verify");
    } else {
      if (!here.equals(home)) {
        out.println("  cd " + ShellQuoting.word(home.toString()));
      }
      out.printf("  mvn verify -pl %s -am%n", copy.artifact());
    }
    out.printf("  ./iomodels compare %s %s%n", name, like);
    if (outside.isEmpty()) {
      out.printf("To undo this: ./iomodels new %s %s%n", REMOVE, name);
    }
    out.flush();
  }
}
