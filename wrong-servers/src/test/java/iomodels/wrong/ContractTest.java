package iomodels.wrong;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Rule.Level;
import iomodels.conformance.rules.Rules;
import iomodels.program.Programs;
import iomodels.wrong.program.WrongPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * CONTRACT.md says what the kit does: a rule without its sentence there fails the build, and so
 * does a sentence without its rule. {@code mvn verify -pl wrong-servers -am -Dcontract.write}
 * writes it anew.
 */
class ContractTest {

  private static final Path DOCUMENT = Path.of("..", "CONTRACT.md");

  @Test
  void rules() throws IOException {
    demand(
        "rules",
        Stream.concat(
            Stream.of("| id | level | rule | tried on |", "| --- | --- | --- | --- |"),
            Rules.all().stream()
                .map(
                    it ->
                        row(it.id(), it.level().name(), it.sentence(), "`" + it.service() + "`"))));
  }

  @Test
  void rulesOfClients() throws IOException {
    demand(
        "rules of clients",
        Stream.concat(
            Stream.of("| id | level | rule |", "| --- | --- | --- |"),
            Rules.ofClients().stream().map(it -> row(it.id(), it.level().name(), it.sentence()))));
  }

  @Test
  void bounds() throws IOException {
    demand(
        "bounds",
        Stream.concat(
            Stream.of("| name | default | what it bounds |", "| --- | ---: | --- |"),
            Arrays.stream(Bound.values()).map(it -> row(it.name(), value(it), it.sentence()))));
  }

  @Test
  void wrongServers() throws IOException {
    List<WrongServer> servers = WrongServers.all();
    long musts = Rules.all().stream().filter(it -> it.level() == Level.MUST).count();
    Stream<String> score =
        Stream.of(
            "There are %d of them, for %d rules that bind and %d that should."
                .formatted(servers.size(), musts, Rules.all().size() - musts),
            "",
            "| rule | wrong server | its fault |",
            "| --- | --- | --- |");
    demand(
        "wrong servers",
        Stream.concat(
            score, servers.stream().map(it -> row(it.rule(), "`" + it.name() + "`", it.fault()))));
  }

  @Test
  void wrongClients() throws IOException {
    demand(
        "wrong clients",
        Stream.concat(
            Stream.of("| rule | wrong client | its fault |", "| --- | --- | --- |"),
            WrongClient.all().stream()
                .map(it -> row(it.rule(), "`" + it.name() + "`", it.fault()))));
  }

  @Test
  void rulesOfPrograms() throws IOException {
    demand(
        "rules of programs",
        Stream.concat(
            Stream.of("| id | level | program | rule |", "| --- | --- | --- | --- |"),
            Programs.all().stream()
                .flatMap(program -> Rules.of(program).stream())
                .map(
                    it ->
                        row(
                            it.id(),
                            it.level().name(),
                            "`" + it.protocol().name() + "`",
                            it.sentence()))));
  }

  @Test
  void wrongPrograms() throws IOException {
    demand(
        "wrong programs",
        Stream.concat(
            Stream.of("| rule | wrong program | its fault |", "| --- | --- | --- |"),
            WrongPrograms.all().stream()
                .map(it -> row(it.rule(), "`" + it.name() + "`", it.fault()))));
  }

  private static String value(Bound bound) {
    return String.format(Locale.ROOT, "%,d %s", bound.standard(), bound.unit()).strip();
  }

  private static String row(String... cells) {
    return Arrays.stream(cells)
        .map(it -> it.replace("|", "\\|"))
        .collect(joining(" | ", "| ", " |"));
  }

  /** Such a block of the document has just these lines. */
  static void demand(String block, Stream<String> lines) throws IOException {
    String document = Files.readString(DOCUMENT);
    String opening = "<!-- %s -->\n".formatted(block);
    String closing = "<!-- end of %s -->".formatted(block);
    int start = document.indexOf(opening) + opening.length();
    int end = document.indexOf(closing);
    assertThat(start).as("the block '%s' in CONTRACT.md", block).isBetween(opening.length(), end);
    String wanted = lines.collect(joining("\n", "", "\n"));
    if (System.getProperty("contract.write") != null) {
      Files.writeString(DOCUMENT, document.substring(0, start) + wanted + document.substring(end));
    } else {
      assertThat(document.substring(start, end))
          .as("CONTRACT.md is not what the kit does; write it anew with -Dcontract.write")
          .isEqualTo(wanted);
    }
  }
}
