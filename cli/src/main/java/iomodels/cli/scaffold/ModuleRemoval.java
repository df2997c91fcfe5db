package iomodels.cli.scaffold;

import iomodels.cli.lookup.Suggestion;
import iomodels.cli.output.UserError;
import iomodels.cli.project.ProjectFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Undoes the creation of a module: deletes its folder, and what the build knows about it. */
public final class ModuleRemoval {

  private static final int NAMED = 3;

  private static final Pattern MODULE = Pattern.compile("(?m)^(?:open )?module ([\\w.]+)");

  /** Folders with the jars of the command, which also have the module's jar after a build. */
  private static final List<String> JARS =
      List.of("cli/target/dist/lib", "cli/target/command/dist/lib");

  private final Path home;
  private final Path module;
  private final String artifact;

  private ModuleRemoval(Path home, String artifact) {
    this.home = home;
    this.artifact = artifact;
    module = home.resolve(artifact);
  }

  /** Prepares a new module for its removal: records what its files are like now. */
  public static void prepare(Path module) throws IOException {
    Checksums.write(module);
  }

  /**
   * Finds the module of a model.
   *
   * @throws UserError if there is none, or it was not created by the command {@code new}
   */
  public static ModuleRemoval of(Path home, String name) throws UserError, IOException {
    ModuleRemoval removal = new ModuleRemoval(home, name + ModuleTemplate.SUFFIX);
    if (Checksums.areIn(removal.module)) {
      return removal;
    }
    if (Files.isDirectory(removal.module)) {
      throw new UserError(
          "%s was not created by iomodels new; remove it by hand".formatted(removal.artifact));
    }
    List<String> created = new ArrayList<>();
    for (Path each : ProjectFiles.modules(home)) {
      if (Checksums.areIn(each)) {
        created.add(each.getFileName().toString().replace(ModuleTemplate.SUFFIX, ""));
      }
    }
    String otherwise =
        created.isEmpty()
            ? "iomodels new has created none"
            : "iomodels new has created: " + String.join(", ", created);
    throw new UserError(
        "there is no module %s; %s"
            .formatted(
                removal.artifact,
                Suggestion.of(name, created)
                    .map("did you mean '%s'?"::formatted)
                    .orElse(otherwise)));
  }

  /** Fails if a file is not as it was created. */
  public void demandUnchanged() throws UserError, IOException {
    List<String> changed = Checksums.changed(module);
    if (!changed.isEmpty()) {
      String more = changed.size() > NAMED ? " and %d more".formatted(changed.size() - NAMED) : "";
      String named = String.join(", ", changed.subList(0, Math.min(NAMED, changed.size())));
      throw new UserError(
          "%s has changed since it was created: %s%s; add --force to remove it nevertheless"
              .formatted(artifact, named, more));
    }
  }

  /**
   * Removes the module; if that fails, everything stays as it is.
   *
   * @return what was removed: the folder, and files that now lack the lines about it
   */
  public List<String> remove() throws IOException {
    BuildRegistration withdrawal = BuildRegistration.withdrawal(home, artifact, packageName());
    Path aside = home.resolve(".removed-" + ProcessHandle.current().pid());
    Files.move(module, aside, StandardCopyOption.ATOMIC_MOVE);
    try {
      withdrawal.apply();
    } catch (IOException e) {
      Files.move(aside, module, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    }
    List<String> removed = new ArrayList<>();
    removed.add("the folder %s, with %d files".formatted(artifact, delete(aside)));
    withdrawal.files().forEach(it -> removed.add("its lines in " + home.relativize(it).toString()));
    for (Path jar : jars()) {
      Files.delete(jar);
      removed.add(home.relativize(jar).toString());
    }
    return removed;
  }

  private Optional<String> packageName() throws IOException {
    Path descriptor = module.resolve("src/main/java/module-info.java");
    if (!Files.isRegularFile(descriptor)) {
      return Optional.empty();
    }
    Matcher matcher = MODULE.matcher(Files.readString(descriptor));
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private List<Path> jars() throws IOException {
    List<Path> jars = new ArrayList<>();
    for (String folder : JARS) {
      Path lib = home.resolve(folder);
      if (Files.isDirectory(lib)) {
        try (var found = Files.newDirectoryStream(lib, artifact + "-[0-9]*.jar")) {
          found.forEach(jars::add);
        }
      }
    }
    return jars;
  }

  /** Deletes a folder; returns the number of files that were in it, without those of a build. */
  private static long delete(Path folder) throws IOException {
    long files = 0;
    try (Stream<Path> paths = Files.walk(folder)) {
      List<Path> deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
      Path target = folder.resolve("target");
      for (Path each : deepestFirst) {
        files += Files.isDirectory(each) || each.startsWith(target) ? 0 : 1;
        Files.delete(each);
      }
    }
    return files;
  }
}
