package iomodels.wrong;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iomodels.conformance.Bound;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Level;
import iomodels.conformance.rules.Rules;
import iomodels.program.Programs;
import iomodels.wrong.program.WrongPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The generated tables of CONTRACT.md agree with the kit. {@code mvn verify -pl wrong-servers -am
 * -Dcontract.write} writes them.
 */
class ContractTest {

  private static final Path DOCUMENT = Path.of("..", "CONTRACT.md");

  /** The titles of the sections of the rules for servers, by number. */
  private static final Map<Integer, String> TITLES =
      Map.of(
          1, "Bytes",
          2, "Streams",
          3, "Services",
          4, "Closing",
          5, "Back-pressure",
          6, "Many clients",
          7, "Datagrams",
          8, "Resources",
          9, "Life cycle");

  @Test
  void rules() throws IOException {
    demand("rules", rulesOfServers(Rules.all()));
  }

  @Test
  void aRuleForServersWithoutATitledSectionIsNotDropped() {
    Rule last = Rules.all().getLast();
    Rule inNewSection =
        new Rule(
            "15.01",
            last.level(),
            last.sentence(),
            last.why(),
            last.protocol(),
            Set.of(),
            last.check());
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(() -> rulesOfServers(List.of(last, inNewSection)).toList())
        .withMessageContaining("section 15 has no title here");
  }

  /** The rules by section, in the order in which they are given, whatever their numbers are. */
  private static Stream<String> rulesOfServers(List<Rule> rules) {
    return rules.stream()
        .collect(groupingBy(Rule::section, LinkedHashMap::new, toList()))
        .entrySet()
        .stream()
        .flatMap(
            section ->
                Stream.concat(
                    Stream.of(
                        "### %d. %s".formatted(section.getKey(), title(section.getKey())), ""),
                    section(
                        section.getValue(),
                        Stream.of(
                            "| id | level | rule | tested with |", "| --- | --- | --- | --- |"),
                        it ->
                            row(
                                anchored(it),
                                it.level().name(),
                                it.sentence(),
                                it.services().stream()
                                    .map("`%s`"::formatted)
                                    .collect(joining(", "))))));
  }

  private static String title(int section) {
    String title = TITLES.getOrDefault(section, "");
    assertThat(title).as("section %d has no title here", section).isNotEmpty();
    return title;
  }

  @Test
  void rulesOfClients() throws IOException {
    demand(
        "rules of clients",
        section(
            Rules.ofClients(),
            Stream.of("| id | level | rule |", "| --- | --- | --- |"),
            it -> row(anchored(it), it.level().name(), it.sentence())));
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
            "There are %d wrong servers, for %d rules with MUST and %d with SHOULD."
                .formatted(servers.size(), musts, Rules.all().size() - musts),
            "",
            "| rule | wrong server | fault |",
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
            Stream.of("| rule | wrong client | fault |", "| --- | --- | --- |"),
            WrongClient.all().stream()
                .map(it -> row(it.rule(), "`" + it.name() + "`", it.fault()))));
  }

  @Test
  void rulesOfPrograms() throws IOException {
    demand(
        "rules of programs",
        Programs.all().stream()
            .map(Rules::of)
            .flatMap(
                rules ->
                    Stream.concat(
                        Stream.of(
                            "### %d. `%s`"
                                .formatted(
                                    rules.getFirst().section(), rules.getFirst().protocol().name()),
                            ""),
                        section(
                            rules,
                            Stream.of("| id | level | rule |", "| --- | --- | --- |"),
                            it -> row(anchored(it), it.level().name(), it.sentence())))));
  }

  @Test
  void wrongPrograms() throws IOException {
    demand(
        "wrong programs",
        Stream.concat(
            Stream.of("| rule | wrong program | fault |", "| --- | --- | --- |"),
            WrongPrograms.all().stream()
                .map(it -> row(it.rule(), "`" + it.name() + "`", it.fault()))));
  }

  /** Returns a table of rules, and below it their reasons, which are too wide for a cell. */
  private static Stream<String> section(
      List<Rule> rules, Stream<String> heading, Function<Rule, String> row) {
    return Stream.of(
            heading,
            rules.stream().map(row),
            Stream.of("", "Why:", ""),
            rules.stream().map(it -> "- %s: %s".formatted(it.id(), it.why())),
            Stream.of(""))
        .flatMap(Function.identity());
  }

  /** The id of a rule, with the anchor that the page about the rules on the study site has, too. */
  private static String anchored(Rule rule) {
    return "<a id=\"rule-%s\"></a>%s".formatted(rule.id(), rule.id());
  }

  private static String value(Bound bound) {
    return String.format(Locale.ROOT, "%,d %s", bound.standard(), bound.unit()).strip();
  }

  private static String row(String... cells) {
    return Arrays.stream(cells)
        .map(it -> it.replace("|", "\\|"))
        .collect(joining(" | ", "| ", " |"));
  }

  /** Checks that a block of the document consists of these lines, or writes them. */
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
          .as("CONTRACT.md differs from the kit; to update it, run with -Dcontract.write")
          .isEqualTo(wanted);
    }
  }
}
