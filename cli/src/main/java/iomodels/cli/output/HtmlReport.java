package iomodels.cli.output;

import static java.util.stream.Collectors.toSet;

import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.lab.report.WholeFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Reports as one self-contained page: a matrix of rules and targets, and below it each finding that
 * is not kept, with its transcript.
 */
public final class HtmlReport {

  private static final String STYLE =
      """
      :root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
      body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; }
      th, td { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; }
      thead th { max-width: 16rem; overflow-wrap: anywhere; }
      tfoot th { white-space: nowrap; }
      td.verdict { text-align: center; }
      .kept { background: #2a8a3e33; }
      .broken { background: #d0302f; color: #fff; font-weight: bold; }
      .broken a { color: inherit; }
      .inconclusive { background: #d6a20066; }
      .error { background: #d03b3b66; }
      .skipped { opacity: .6; }
      pre { overflow-x: auto; padding: .75rem; background: #8882; }
      """;

  private final XMLStreamWriter html;
  private final List<Report> reports;
  private final Map<String, String> commands;
  private final boolean strict;

  private HtmlReport(
      XMLStreamWriter html, List<Report> reports, Map<String, String> commands, boolean strict) {
    this.html = html;
    this.reports = reports;
    this.commands = commands;
    this.strict = strict;
  }

  /**
   * Writes reports to a file.
   *
   * @param commands the command that judges a target again, by the target's name
   */
  public static void write(
      List<Report> reports, Map<String, String> commands, boolean strict, Path file)
      throws IOException, XMLStreamException {
    StringWriter out = new StringWriter();
    XMLStreamWriter html = XMLOutputFactory.newInstance().createXMLStreamWriter(out);
    new HtmlReport(html, reports, commands, strict).page();
    html.close();
    WholeFile.write(file, out.toString());
  }

  private void page() throws XMLStreamException {
    html.writeDTD("<!DOCTYPE html>");
    html.writeStartElement("html");
    html.writeAttribute("lang", "en");
    html.writeStartElement("head");
    html.writeEmptyElement("meta");
    html.writeAttribute("charset", "utf-8");
    html.writeEmptyElement("meta");
    html.writeAttribute("name", "viewport");
    html.writeAttribute("content", "width=device-width");
    element("title", "Conformance");
    element("style", STYLE);
    html.writeEndElement();
    html.writeStartElement("body");
    element("h1", "Conformance");
    matrix();
    for (Report report : reports) {
      details(report);
    }
    html.writeEndElement();
    html.writeEndElement();
  }

  private void matrix() throws XMLStreamException {
    start("div", "wide");
    html.writeStartElement("table");
    html.writeStartElement("thead");
    html.writeStartElement("tr");
    for (String heading : List.of("Rule", "Level", "Sentence")) {
      element("th", heading);
    }
    for (Report report : reports) {
      element("th", report.target());
    }
    html.writeEndElement();
    html.writeEndElement();
    html.writeStartElement("tbody");
    for (Rule rule : rules()) {
      row(rule);
    }
    html.writeEndElement();
    html.writeStartElement("tfoot");
    html.writeStartElement("tr");
    html.writeStartElement("th");
    html.writeAttribute("colspan", "3");
    html.writeCharacters("kept / broken / skipped / inconclusive / errors");
    html.writeEndElement();
    for (Report report : reports) {
      element(
          "th",
          Stream.of(
                  Verdict.KEPT,
                  Verdict.BROKEN,
                  Verdict.SKIPPED,
                  Verdict.INCONCLUSIVE,
                  Verdict.ERROR)
              .map(it -> String.valueOf(report.count(it)))
              .reduce((a, b) -> a + " / " + b)
              .orElseThrow());
    }
    html.writeEndElement();
    html.writeEndElement();
    html.writeEndElement();
    html.writeEndElement();
  }

  /** The rules that any target was judged by: a wrong server is judged by its own rule. */
  private List<Rule> rules() {
    Set<Rule> tried =
        reports.stream()
            .flatMap(report -> report.findings().stream())
            .map(Finding::rule)
            .collect(toSet());
    return Findings.allRules().stream().filter(tried::contains).toList();
  }

  private void row(Rule rule) throws XMLStreamException {
    html.writeStartElement("tr");
    element("th", rule.id());
    element("td", rule.level().name());
    element("td", rule.sentence());
    for (Report report : reports) {
      Optional<Finding> finding = of(report, rule);
      start("td", "verdict " + finding.map(HtmlReport::word).orElse("skipped"));
      if (finding.isEmpty()) {
        html.writeCharacters("not tried");
      } else if (finding.get().verdict() == Verdict.KEPT) {
        html.writeCharacters(word(finding.get()));
      } else {
        html.writeStartElement("a");
        html.writeAttribute("href", "#" + anchor(report, rule));
        html.writeCharacters(word(finding.get()));
        html.writeEndElement();
      }
      html.writeEndElement();
    }
    html.writeEndElement();
  }

  private void details(Report report) throws XMLStreamException {
    element("h2", "%s: %s".formatted(report.target(), Findings.outcome(report, strict)));
    if (!report.waived().isEmpty()) {
      element("p", "Waived: " + Findings.waived(report));
    }
    for (String note : report.notes()) {
      element("p", note);
    }
    // The most severe verdicts come first.
    List<Finding> notKept =
        Stream.of(Verdict.ERROR, Verdict.BROKEN, Verdict.INCONCLUSIVE, Verdict.SKIPPED)
            .flatMap(verdict -> report.findings().stream().filter(it -> it.verdict() == verdict))
            .toList();
    for (Finding finding : notKept) {
      html.writeStartElement("h3");
      html.writeAttribute("id", anchor(report, finding.rule()));
      html.writeCharacters(
          "%s, %s: %s".formatted(finding.rule().id(), word(finding), finding.rule().sentence()));
      html.writeEndElement();
      element("p", finding.detail());
      if (finding.verdict() == Verdict.BROKEN) {
        element("p", "Why: " + finding.rule().why());
      }
      if (!finding.transcript().isEmpty()) {
        element("pre", String.join("\n", finding.transcript()));
        String command = commands.getOrDefault(report.target(), "");
        element("p", "Again: " + Findings.again(finding, command));
      }
    }
  }

  private static Optional<Finding> of(Report report, Rule rule) {
    return report.findings().stream().filter(it -> it.rule().equals(rule)).findFirst();
  }

  private static String word(Finding finding) {
    return finding.verdict().name().toLowerCase(Locale.ROOT);
  }

  private String anchor(Report report, Rule rule) {
    return "server-%d-rule-%s".formatted(reports.indexOf(report) + 1, rule.id());
  }

  private void start(String name, String style) throws XMLStreamException {
    html.writeStartElement(name);
    html.writeAttribute("class", style);
  }

  private void element(String name, String text) throws XMLStreamException {
    html.writeStartElement(name);
    html.writeCharacters(JunitReport.legal(text));
    html.writeEndElement();
  }
}
