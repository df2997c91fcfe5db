package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A new module can be built and judged at once, and the command finds its model. */
class NewIT {

  private static final String TOUR = "docs/write-your-own-model.md";
  private static final Pattern DIFF = Pattern.compile("```diff\n(.*?)```", Pattern.DOTALL);
  static final String CONFORMS = "Tests run: [67]\\d, Failures: 0, Errors: 0, .*in %s\n";

  /** Several modules in one build, since the build takes most of the time. */
  @Test
  void theModuleOfTheTourIsJudgedAndListedAndSoIsACopyByHand(@TempDir Path folder)
      throws Exception {
    try (Clone clone = Clone.in(folder)) {
      takeTheTour(clone, folder);
      String copy = copyByHand(clone, "nio-impl");

      String said =
          build(
              clone,
              "verify -Dtest=Prethreaded* -Dit.test=Prethreaded*"
                  + " -Dsurefire.failIfNoSpecifiedTests=false"
                  + " -Dfailsafe.failIfNoSpecifiedTests=false",
              List.of("prethreaded-impl", copy));
      assertThat(said)
          .containsPattern(CONFORMS.formatted("iomodels.prethreaded.PrethreadedConformanceIT"));
      // As the script builds it, but with the other modules from the repository.
      build(clone, "package -Pcommand", List.of("prethreaded-impl", copy, "cli"));
      assertThat(clone.run(clone.root(), "./iomodels", "list"))
          .contains("\nprethreaded ", "\nmy-nio-selector ");
    }
  }

  /** Follows the documentation: a command, then diffs. */
  private static void takeTheTour(Clone clone, Path folder) throws Exception {
    String tour = Files.readString(clone.root().resolve(TOUR));
    assertThat(tour).contains("\n./iomodels new prethreaded --like blocking-pool\n");
    Cli cli = Cli.run("new", "prethreaded", "--like", "blocking-pool");
    assertThat(cli.err()).isEmpty();
    List<String> diffs = DIFF.matcher(tour).results().map(diff -> diff.group(1)).toList();
    assertThat(diffs).hasSize(5);
    for (String diff : diffs) {
      Path file = Files.writeString(folder.resolve("change.diff"), diff);
      clone.run(clone.root(), "git", "apply", file.toString());
    }
  }

  @Tag("thorough")
  @Test
  void everyModelIsFitToBeginWith(@TempDir Path folder) throws Exception {
    try (Clone clone = Clone.in(folder)) {
      List<String> models =
          ServerProvider.installed().stream().map(model -> model.card().name()).toList();
      String names = String.join("|", models);
      for (String model : models) {
        Cli cli = Cli.run("new", "my-" + model, "--like", model);
        assertThat(cli.exitCode()).as(cli.err()).isZero();
      }
      assertThat(clone.contents())
          .allSatisfy(
              (path, text) -> {
                if (path.startsWith("my-")) {
                  assertThat(text).as(path).doesNotContainPattern("\"(%s)".formatted(names));
                }
              });
      build(clone, "package", models.stream().map("my-%s-impl"::formatted).toList());
    }
  }

  @Tag("thorough")
  @Test
  void everyModuleIsFitToBeCopiedByHand(@TempDir Path folder) throws Exception {
    try (Clone clone = Clone.in(folder)) {
      List<String> copies = new ArrayList<>();
      for (String module : List.of("blocking-impl", "linux-impl", "vertx-impl", "reactor-impl")) {
        copies.add(copyByHand(clone, module));
      }
      build(clone, "package", copies);
    }
  }

  private static String build(Clone clone, String what, List<String> modules) throws Exception {
    String command = "mvn -B %s -pl %s".formatted(what, String.join(",", modules));
    return clone.run(clone.root(), command.split(" "));
  }

  /** Follows docs/modules.md. */
  private static String copyByHand(Clone clone, String artifact) throws Exception {
    String copied = "my-" + artifact;
    String old = artifact.replace("-impl", "");
    clone.run(clone.root(), "cp", "-r", artifact, copied);
    Path copy = clone.root().resolve(copied);
    for (String kind : List.of("main", "test")) {
      Path sources = copy.resolve("src").resolve(kind).resolve("java/iomodels");
      Files.move(sources.resolve(old), sources.resolve("my" + old));
    }
    try (Stream<Path> files = Files.walk(copy)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.writeString(file, renamed(Files.readString(file), artifact, old));
      }
    }
    Path root = clone.root();
    insert(root.resolve("pom.xml"), "<module>" + artifact, "<module>" + copied + "</module>");
    for (String pom : List.of("bom/pom.xml", "cli/pom.xml", "site/pom.xml")) {
      Matcher entry = entryOf(artifact).matcher(Files.readString(root.resolve(pom)));
      assertThat(entry.find()).isTrue();
      insert(root.resolve(pom), entry.group(), entry.group().replace(artifact, copied));
    }
    return copied;
  }

  private static Pattern entryOf(String artifact) {
    return Pattern.compile(
        "<dependency>\\s*<groupId>iomodels</groupId>\\s*<artifactId>%s<(?s:.*?)</dependency>"
            .formatted(artifact));
  }

  private static void insert(Path file, String before, String text) throws IOException {
    Files.writeString(file, Files.readString(file).replace(before, text + before));
  }

  private static String renamed(String text, String artifact, String old) {
    String renamed =
        text.replaceAll("\\biomodels\\." + old + "\\b", "iomodels.my" + old)
            .replace("<artifactId>" + artifact + "<", "<artifactId>my-" + artifact + "<");
    for (ServerProvider model : ServerProvider.installed()) {
      String name = model.card().name();
      renamed =
          renamed
              .replace('"' + name + '"', "\"my-" + name + '"')
              .replaceAll("(?m)^" + name + " ", "my-" + name + " ");
    }
    return renamed;
  }
}
