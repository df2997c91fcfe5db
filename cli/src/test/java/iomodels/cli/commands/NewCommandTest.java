package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests what {@code new} writes, and that it writes all or nothing. */
class NewCommandTest {

  @TempDir private Path folder;
  private Clone clone;

  @BeforeEach
  void cloneTheSources() throws IOException {
    clone = Clone.ofSources(folder);
  }

  @AfterEach
  void forgetThem() throws IOException {
    clone.close();
  }

  @Test
  void theRestOfTheBuildIsToldInItsPoms() throws IOException {
    Map<String, String> before = clone.contents();

    Cli cli = Cli.run("new", "my-model");

    assertThat(cli.exitCode()).as(cli.err()).isZero();
    Map<String, String> after = new TreeMap<>(clone.contents());
    after.keySet().removeIf(name -> name.startsWith("my-model-impl/"));
    assertThat(after).hasSameSizeAs(before);
    after.entrySet().removeAll(before.entrySet());
    assertThat(after).containsOnlyKeys("pom.xml", "bom/pom.xml", "cli/pom.xml", "site/pom.xml");
    assertThat(after.values()).allSatisfy(pom -> assertThat(pom).containsOnlyOnce("my-model-impl"));
  }

  /** One with native code has more to undo: the launcher must no longer permit it. */
  @ParameterizedTest
  @CsvSource({"my-model, blocking-threads", "my-epoll, linux-epoll"})
  void removeUndoesEverything(String name, String like) throws IOException {
    Map<String, String> before = clone.contents();
    Cli.run("new", "other", "--like", like);
    Map<String, String> withOther = clone.contents();
    assertThat(Cli.run("new", name, "--like", like).err()).isEmpty();
    Path jar = clone.root().resolve("cli/target/dist/lib/%s-impl-1.0.0.jar".formatted(name));
    Files.createDirectories(jar.getParent());
    Files.createFile(jar);
    Files.createDirectories(clone.root().resolve(name + "-impl/target/classes"));
    Files.createFile(clone.root().resolve(name + "-impl/target/classes/A.class"));

    Cli cli = Cli.run("new", "--remove", name);

    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out())
        .contains("the folder %s-impl, with ".formatted(name))
        .contains("its lines in pom.xml", "its lines in bom/pom.xml", "its lines in site/pom.xml")
        .contains("cli/target/dist/lib/" + jar.getFileName());
    assertThat(cli.out().contains("its lines in iomodels\n")).isEqualTo(like.startsWith("linux"));
    assertThat(clone.contents()).isEqualTo(withOther);
    Cli.run("new", "other", "--remove");
    assertThat(clone.contents()).isEqualTo(before);
  }

  @Test
  void aModuleThatHasChangedIsRemovedByForceOnly() throws IOException {
    Map<String, String> before = clone.contents();
    Cli.run("new", "my-model");
    Path module = clone.root().resolve("my-model-impl");
    Files.writeString(module.resolve("README.md"), "mine");
    Files.writeString(module.resolve("notes"), "mine");
    Files.delete(module.resolve("expected-skips.txt"));
    Map<String, String> changed = clone.contents();

    Cli refused = Cli.run("new", "--remove", "my-model");
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err())
        .contains("changed since it was created: README.md, expected-skips.txt, notes; add --force")
        .hasLineCount(1);
    assertThat(clone.contents()).isEqualTo(changed);

    assertThat(Cli.run("new", "--remove", "my-model", "--force").exitCode()).isZero();
    assertThat(clone.contents()).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({
    "nio, nio-impl was not created by iomodels new",
    "my-modle, did you mean 'my-model'?",
    "none, iomodels new has created: my-model"
  })
  void onlyAModuleThatWasCreatedIsRemoved(String name, String remedy) throws IOException {
    Cli.run("new", "my-model");
    Map<String, String> before = clone.contents();

    Cli cli = Cli.run("new", "--remove", "--force", name);

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains(remedy).hasLineCount(1);
    assertThat(clone.contents()).isEqualTo(before);
  }

  @Test
  void aModuleStaysIfTheBuildCannotBeTold() throws IOException {
    Cli.run("new", "my-model");
    Files.delete(clone.root().resolve("bom/pom.xml"));
    Map<String, String> before = clone.contents();

    Cli cli = Cli.run("new", "--remove", "my-model");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("bom/pom.xml is missing").hasLineCount(1);
    assertThat(clone.contents()).isEqualTo(before);
  }

  @Test
  void thePageKeepsItsRegionsAndLosesItsOldNames() throws IOException {
    Cli.run("new", "my-loop", "--like=nio-selector", "--package=com.example.loop");

    Map<String, String> contents = new TreeMap<>(clone.contents());
    contents.keySet().removeIf(name -> !name.startsWith("my-loop-impl/src/"));
    assertThat(contents)
        .containsOnlyKeys(
            Stream.of(
                    "main/java/com/example/loop/Buffers.java",
                    "main/java/com/example/loop/Listener.java",
                    "main/java/com/example/loop/MyLoopProvider.java",
                    "main/java/com/example/loop/MyLoopServer.java",
                    "main/java/com/example/loop/Network.java",
                    "main/java/com/example/loop/UdpSocket.java",
                    "main/java/com/example/loop/package-info.java",
                    "main/java/module-info.java",
                    "test/java/com/example/loop/MyLoopConformanceIT.java",
                    "test/java/com/example/loop/MyLoopContractTest.java")
                .map("my-loop-impl/src/"::concat)
                .toArray(String[]::new));
    assertThat(contents.get("my-loop-impl/src/main/java/com/example/loop/MyLoopServer.java"))
        .contains("tag::accept[]", "tag::wait[]", "tag::converse[]", "tag::close[]");
    assertThat(contents.values())
        .allSatisfy(
            text ->
                assertThat(text).doesNotContain("iomodels.nio", "nio-selector", "SelectorServer"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"pom.xml", "bom/pom.xml", "cli/pom.xml", "site/pom.xml"})
  void aBuildThatCannotBeToldStaysAsItIs(String pom) throws IOException {
    Path file = clone.root().resolve(pom);
    Files.writeString(file, Files.readString(file).replace(">\n", "> \n"));
    Map<String, String> before = clone.contents();

    Cli cli = Cli.run("new", "my-model");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("cannot find the place in " + file);
    assertThat(clone.contents()).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({"tcp, reactor-netty", "net, vertx"})
  void aNameThatWouldClashWithWhatThePageUsesIsRefused(String name, String like)
      throws IOException {
    Map<String, String> before = clone.contents();

    Cli cli = Cli.run("new", name, "--like", like);

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("choose another name").hasLineCount(1);
    assertThat(clone.contents()).isEqualTo(before);
  }

  /** Otherwise javac, which treats warnings as errors, would fail the whole build. */
  @ParameterizedTest
  @CsvSource({"http2, ''", "my-model, com.v2.mine"})
  void aNameThatEndsInADigitBuilds(String name, String packageName) throws IOException {
    Cli cli =
        packageName.isEmpty()
            ? Cli.run("new", name)
            : Cli.run("new", name, "--package", packageName);

    assertThat(cli.exitCode()).as(cli.err()).isZero();
    assertThat(clone.contents().get(name + "-impl/src/main/java/module-info.java"))
        .contains("@SuppressWarnings(\"module\")");
  }

  /** The module of the site is not on the module path. */
  @Test
  void aPackageOfAModuleThatIsNotRunIsTakenAsWell() throws IOException {
    Cli cli = Cli.run("new", "site", "--package", "iomodels.site");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("the package iomodels.site is taken").hasLineCount(1);
  }

  /** A copy made by hand, and not renamed yet, is not the source of a model. */
  @Test
  void onlyModulesOfTheBuildAreCopied() throws IOException {
    Path page = Path.of("src/main/java/iomodels/nio/SelectorServer.java");
    Path aside = clone.root().resolve("a-copy-impl").resolve(page);
    Files.createDirectories(aside.getParent());
    Files.writeString(aside, "not a page");

    Cli cli = Cli.run("new", "my-loop", "--like=nio-selector");

    assertThat(cli.exitCode()).as(cli.err()).isZero();
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    Path bom = clone.root().resolve("bom/pom.xml");
    Files.delete(bom);

    Cli cli = Cli.run("new", "my-model");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains(bom + " is missing").hasLineCount(1);
  }

  @Test
  void aFolderThatIsThereIsLeftAlone() throws IOException {
    Path mine = Files.createDirectory(clone.root().resolve("my-model-impl"));
    Files.writeString(mine.resolve("notes"), "mine");
    Map<String, String> before = clone.contents();

    Cli cli = Cli.run("new", "my-model");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains(mine + " exists already");
    assertThat(clone.contents()).isEqualTo(before);
  }

  @Test
  void aProjectOfItsOwnNeedsAFolderToBeMadeIn() throws IOException {
    Path nowhere = folder.resolve("no/such");

    Cli cli = Cli.run("new", "my-model", "--outside", nowhere.resolve("place").toString());

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("there is no folder " + nowhere);
    assertThat(folder.resolve("no")).doesNotExist();
  }

  @Test
  void aFormatterThatIsMissingLeavesNothing() throws IOException {
    Path target = clone.root().resolve("target");
    try (Stream<Path> jars = Files.list(target)) {
      for (Path jar : jars.toList()) {
        Files.delete(jar);
      }
    }
    Map<String, String> before = clone.contents();

    Cli cli = Cli.run("new", "my-model");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("mvn validate puts it there");
    assertThat(clone.contents()).isEqualTo(before);
  }
}
