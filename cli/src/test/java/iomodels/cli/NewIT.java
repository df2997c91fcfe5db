package iomodels.cli;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What begins as a copy is built, judged and found by the command, as it is. */
class NewIT {

  private static final String ALL_IS_WELL = "(?s).*Tests run: 5\\d, Failures: 0, Errors: 0.*";

  @Test
  void aModuleOfThisBuildIsJudgedAndListed(@TempDir Path folder) throws Exception {
    try (Clone clone = Clone.in(folder)) {
      Cli cli = Cli.run("new", "my-model");

      assertThat(cli.err()).isEmpty();
      assertThat(cli.exitCode()).isZero();
      assertThat(cli.out())
          .contains("my-model-impl/src/main/java/iomodels/mymodel/MyModelServer.java");
      String said =
          clone.run(
              clone.root(),
              ("mvn -B verify -pl my-model-impl,cli -Dtest=MyModel* -Dit.test=MyModel*"
                      + " -Dsurefire.failIfNoSpecifiedTests=false"
                      + " -Dfailsafe.failIfNoSpecifiedTests=false")
                  .split(" "));
      assertThat(said).matches(ALL_IS_WELL);
      assertThat(clone.run(clone.root(), "./iomodels", "list")).contains("\nmy-model ");
    }
  }

  /** One that calls Linux itself, and needs the classes for that, and the permission. */
  @Test
  void aProjectOfItsOwnIsJudgedAndListed(@TempDir Path folder) throws Exception {
    try (Clone clone = Clone.in(folder)) {
      Path own = folder.resolve("own");
      Cli cli =
          Cli.run(
              "new",
              "my-own",
              "--like=linux-epoll",
              "--package=com.example.own",
              "--outside=" + own,
              "--no-install");

      assertThat(cli.err()).isEmpty();
      assertThat(cli.exitCode()).isZero();
      assertThat(own.resolve("src/main/java/com/example/own/MyOwnServer.java")).isRegularFile();
      Clone.offline(own);
      assertThat(clone.run(own, "mvn", "-B", "verify")).matches(ALL_IS_WELL);
      assertThat(clone.run(own, "./iomodels", "list", "--probe"))
          .containsPattern("\nmy-own +yes")
          .contains("\nblocking-threads ");
    }
  }

  /** As the README says: copied by hand, and renamed. */
  @Test
  void everyModuleIsFitToBeCopiedByHand(@TempDir Path folder) throws Exception {
    try (Clone clone = Clone.in(folder)) {
      String copies = "";
      for (Path module : modules(clone)) {
        copies += "," + copyByHand(clone, module);
      }
      clone.run(
          clone.root(), "mvn", "-B", "-T2", "package", "-DskipTests", "-pl", copies.substring(1));
    }
  }

  @Tag("thorough")
  @Test
  void everyModelIsFitToBeginWith(@TempDir Path folder) throws Exception {
    try (Clone clone = Clone.in(folder)) {
      List<String> models =
          ServerProvider.installed().stream().map(model -> model.card().name()).toList();
      for (String model : models) {
        Cli cli = Cli.run("new", "my-" + model, "--like", model);
        assertThat(cli.exitCode()).as(cli.err()).isZero();
      }
      clone.run(
          clone.root(),
          "mvn",
          "-B",
          "package",
          "-pl",
          models.stream().map("my-%s-impl"::formatted).collect(joining(",")));
    }
  }

  private static List<Path> modules(Clone clone) throws IOException {
    try (Stream<Path> files = Files.list(clone.root())) {
      return files.filter(file -> file.toString().endsWith("-impl")).sorted().toList();
    }
  }

  private static String copyByHand(Clone clone, Path module) throws Exception {
    String artifact = module.getFileName().toString();
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
    Path root = clone.root().resolve("pom.xml");
    Files.writeString(
        root,
        Files.readString(root)
            .replace(
                "<module>cli</module>", "<module>cli</module><module>" + copied + "</module>"));
    return copied;
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
