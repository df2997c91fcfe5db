package iomodels.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** Tests what all kinds of reports have in common: what they begin with, and their order. */
class ReportsTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final long SEED = 7;

  /** How many rules of {@link #mixed} have been tried. */
  private static final String TRIED = ", 4 of %d rules tried".formatted(Rules.all().size());

  @TempDir private Path folder;

  private static Finding finding(String id, Verdict verdict, String detail) {
    Rule rule = Rules.matching(List.of(id)).getFirst();
    boolean tried = verdict == Verdict.BROKEN || verdict == Verdict.ERROR;
    List<String> transcript = tried ? List.of("1.000 ms  #1   sends FIN") : List.of();
    return new Finding(rule, verdict, detail, transcript, Duration.ZERO, SEED);
  }

  private static Judged judged(String target, Finding... findings) {
    Report report = new Report(target, List.of(findings), List.of("a note"), Set.of(), List.of());
    return new Judged(report, "./iomodels conform it", " --rule 4", SEED, NOON, false);
  }

  private static Judged mixed() {
    return judged(
        "it",
        finding("1.01", Verdict.KEPT, ""),
        finding("1.02", Verdict.KEPT, ""),
        finding("1.03", Verdict.KEPT, ""),
        finding("4.01", Verdict.BROKEN, "no FIN\nkept     9.01 forged"),
        finding("4.02", Verdict.ERROR, "the check failed"),
        finding("7.01", Verdict.SKIPPED, "no datagrams"),
        finding("7.02", Verdict.SKIPPED, "no datagrams"),
        finding("7.03", Verdict.SKIPPED, "no datagrams"),
        finding("8.01", Verdict.SKIPPED, "no process"),
        finding("7.04", Verdict.SKIPPED, "no datagrams"),
        finding("9.01", Verdict.INCONCLUSIVE, "the limit was over"),
        finding("9.02", Verdict.INCONCLUSIVE, "the limit was over"));
  }

  private static String text(Judged judged, boolean inFull) {
    StringWriter out = new StringWriter();
    TextReport.print(new PrintWriter(out), judged, inFull);
    return out.toString();
  }

  @Test
  void textBeginsWithTheVerdictAndEndsWithWhatWasKept() {
    assertThat(text(mixed(), true).lines())
        .startsWith(
            "it: it does not conform" + TRIED,
            "3 kept, 1 broken, 5 skipped, 2 inconclusive, 1 errors",
            "2026-03-01 12:00:00 UTC, seed 7",
            "./iomodels conform it --rule 4 --seed 7",
            "note      a note",
            "")
        .endsWith(
            "inconclusive 9.01 9.02: the limit was over",
            "skipped  7.01-7.04: no datagrams",
            "skipped  8.01: no process",
            "kept     1.01-1.03",
            "it: it does not conform" + TRIED);
  }

  @Test
  void aShortTextHasTheVerdictOnce() {
    assertThat(text(judged("it", finding("1.01", Verdict.KEPT, "")), true))
        .containsOnlyOnce("it conforms")
        .endsWith("\nkept     1.01\n");
  }

  @Test
  void textOfOneOfSeveralIsShort() {
    assertThat(text(mixed(), false))
        .contains("broken   4.01", "error    4.02", "inconclusive 9.01 9.02")
        .doesNotContain("\nskipped ", "\nkept ");
  }

  @Test
  void noLineOfADetailPassesForALineOfTheReport() {
    assertThat(text(mixed(), true)).contains("\n          kept     9.01 forged\n");
  }

  @Test
  void manyRulesAreWrapped() {
    Finding[] many =
        Rules.all().stream()
            .filter(rule -> Integer.parseInt(rule.id().split("\\.")[1]) % 2 == 1)
            .map(rule -> finding(rule.id(), Verdict.KEPT, ""))
            .toArray(Finding[]::new);
    assertThat(text(judged("it", many), true).lines())
        .filteredOn(line -> line.startsWith("   "))
        .isNotEmpty()
        .allMatch(line -> line.length() <= 80 && line.matches(" {9}[0-9].*"));
  }

  @Test
  void htmlHasTheSameOrder() throws Exception {
    Path file = folder.resolve("report.html");
    HtmlReport.write(List.of(mixed()), file);

    assertThat(Files.readString(file))
        .containsSubsequence(
            "it does not conform",
            "3 kept, 1 broken, 5 skipped, 2 inconclusive, 1 errors",
            "2026-03-01 12:00:00 UTC, seed 7",
            "./iomodels conform it --rule 4 --seed 7",
            "id=\"server-1-rule-4.01\"",
            "id=\"server-1-rule-4.02\"",
            "<li>9.01 9.02: the limit was over</li>",
            "<li>7.01-7.04: no datagrams</li>",
            "<li>8.01: no process</li>",
            "All rules",
            "href=\"#server-1-rule-4.01\"",
            "href=\"#server-1-skipped\"");
  }

  @Test
  void junitHasTheSameOrder() throws Exception {
    Path file = folder.resolve("report.xml");
    JunitReport.write(List.of(mixed()), file);

    Element suite = (Element) elements(Files.readString(file), "testsuite").item(0);
    assertThat(suite.getAttribute("timestamp")).isEqualTo("2026-03-01T12:00:00Z");
    assertThat(attributes(suite.getElementsByTagName("property"), "value"))
        .startsWith(
            "it does not conform" + TRIED,
            "3 kept, 1 broken, 5 skipped, 2 inconclusive, 1 errors",
            "7",
            "./iomodels conform it --rule 4 --seed 7");
    assertThat(attributes(suite.getElementsByTagName("testcase"), "name"))
        .extracting(name -> name.substring(0, 4))
        .startsWith("4.01", "4.02", "9.01", "9.02", "7.01")
        .endsWith("1.01", "1.02", "1.03");
  }

  @ParameterizedTest
  @CsvSource({
    "KEPT, conforms: 1 rule kept, #1a7f37",
    "BROKEN, 1 rule broken, #c62828",
    "INCONCLUSIVE, no verdict, #8a6100",
    "ERROR, no verdict, #8a6100"
  })
  void aBadgeShowsTheVerdictInItsColour(Verdict verdict, String words, String colour)
      throws Exception {
    String svg = Badge.svg(List.of(judged("it", finding("4.01", verdict, ""))));

    assertThat(elements(svg, "title").item(0).getTextContent()).isEqualTo("it: " + words);
    assertThat(attributes(elements(svg, "rect"), "fill")).hasSize(2).endsWith(colour);
  }

  @Test
  void aBrokenShouldIsNoFailureOfABadge() throws Exception {
    Rule should =
        Rules.all().stream()
            .filter(it -> it.level() == Rule.Level.SHOULD)
            .findFirst()
            .orElseThrow();
    String svg =
        Badge.svg(
            List.of(
                judged(
                    "it",
                    finding("4.01", Verdict.KEPT, ""),
                    finding(should.id(), Verdict.BROKEN, ""))));

    assertThat(svg).contains("conforms: 1 rule kept");
  }

  @Test
  void aBadgeOfSeveralShowsTheWorst() throws Exception {
    Judged kept = judged("one", finding("4.01", Verdict.KEPT, ""));
    Judged broken = judged("two", finding("4.01", Verdict.BROKEN, ""));
    Judged open = judged("three", finding("4.01", Verdict.ERROR, ""));

    assertThat(Badge.svg(List.of(kept, kept))).contains(">2 subjects: conform<");
    assertThat(Badge.svg(List.of(kept, broken, open))).contains("3 subjects: 1 does not conform");
    assertThat(Badge.svg(List.of(kept, open))).contains(">2 subjects: no verdict<");
  }

  @Test
  void aBadgeSaysWhatWasWaived() throws Exception {
    Report report =
        new Report(
            "it",
            List.of(finding("1.01", Verdict.KEPT, "")),
            List.of(),
            Set.of(Precondition.HALF_CLOSE),
            List.of());
    String svg = Badge.svg(List.of(new Judged(report, "", "", SEED, NOON, false)));

    assertThat(svg).contains("1 rule kept, HALF_CLOSE waived");
  }

  @Test
  void aBadgeEscapesAndShortensTheName() throws Exception {
    String svg =
        Badge.svg(
            List.of(
                judged(
                    "</text><script>\u001b[2J\u202e&\"'" + "x".repeat(99),
                    finding("1.01", Verdict.KEPT, ""))));

    String title = elements(svg, "title").item(0).getTextContent();
    assertThat(title).startsWith("</text><script>␛[2J<U+202E>&\"'x").contains("…: conforms");
    assertThat(elements(svg, "script").getLength()).isZero();
    assertThat(svg).doesNotContain("\u001b", "\u202e").hasSizeLessThan(1200);
  }

  private static NodeList elements(String xml, String name) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(xml)))
        .getElementsByTagName(name);
  }

  private static List<String> attributes(NodeList elements, String name) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < elements.getLength(); i++) {
      values.add(((Element) elements.item(i)).getAttribute(name));
    }
    return values;
  }
}
