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
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Reports as one self-contained page: the verdicts, each failure with its transcript, the rules
 * that were skipped, and a matrix of rules and targets. The matrix of several targets comes first.
 */
public final class HtmlReport {

  private static final String STYLE =
      """
      :root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
      body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; }
      th, td { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; }
      thead th { max-width: 16rem; }
      td.verdict { text-align: center; }
      td.kept { background: #2a8a3e33; }
      td.broken { background: #d0302f; color: #fff; font-weight: bold; }
      td.broken a { color: inherit; }
      td.inconclusive { background: #d6a20066; }
      td.error { background: #d03b3b66; }
      td.skipped { opacity: .6; }
      .summary { border-left: .5rem solid #8886; padding: 0 1rem; margin: 1rem 0; }
      .summary.kept { border-color: #2a8a3e; }
      .summary.broken { border-color: #d0302f; }
      .summary.inconclusive, .summary.error { border-color: #d6a200; }
      .summary h2, .summary p { margin: .25rem 0; overflow-wrap: anywhere; }
      pre { overflow-x: auto; padding: .75rem; background: #8882; }
      """;

  private final XMLStreamWriter html;
  private final List<Judged> judged;

  private HtmlReport(XMLStreamWriter html, List<Judged> judged) {
    this.html = html;
    this.judged = judged;
  }

  /** Writes reports to a file. */
  public static void write(List<Judged> judged, Path file) throws IOException, XMLStreamException {
    StringWriter out = new StringWriter();
    XMLStreamWriter html = XMLOutputFactory.newInstance().createXMLStreamWriter(out);
    new HtmlReport(html, judged).page();
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
    for (Judged each : judged) {
      summary(each);
    }
    if (judged.size() > 1) {
      matrix();
    }
    for (Judged each : judged) {
      details(each);
    }
    if (judged.size() == 1) {
      matrix();
    }
    html.writeEndElement();
    html.writeEndElement();
  }

  /** The verdict, the score, the date, the seed and the command. */
  private void summary(Judged each) throws XMLStreamException {
    start("section", "summary " + word(each.report().outcome(each.strict())));
    html.writeStartElement("h2");
    html.writeStartElement("a");
    html.writeAttribute("href", "#" + anchor(each));
    html.writeCharacters(JunitReport.legal(each.target()));
    html.writeEndElement();
    html.writeCharacters(": " + each.verdict());
    html.writeEndElement();
    element("p", each.score());
    element("p", "%s, seed %d".formatted(each.date(), each.seed()));
    html.writeStartElement("p");
    element("code", each.again());
    html.writeEndElement();
    if (!each.report().waived().isEmpty()) {
      element("p", "Waived: " + Findings.waived(each.report()));
    }
    for (String note : each.report().notes()) {
      element("p", note);
    }
    html.writeEndElement();
  }

  private void matrix() throws XMLStreamException {
    element("h2", "All rules");
    start("div", "wide");
    html.writeStartElement("table");
    html.writeStartElement("thead");
    html.writeStartElement("tr");
    for (String heading : List.of("Rule", "Level", "Sentence")) {
      element("th", heading);
    }
    for (Judged each : judged) {
      element("th", each.target());
    }
    html.writeEndElement();
    html.writeEndElement();
    html.writeStartElement("tbody");
    for (Rule rule : rules()) {
      row(rule);
    }
    html.writeEndElement();
    html.writeEndElement();
    html.writeEndElement();
  }

  /** The rules that any target was judged by: a wrong server is judged by its own rule. */
  private List<Rule> rules() {
    Set<Rule> tried =
        judged.stream()
            .flatMap(it -> it.report().findings().stream())
            .map(Finding::rule)
            .collect(toSet());
    return Findings.allRules().stream().filter(tried::contains).toList();
  }

  private void row(Rule rule) throws XMLStreamException {
    html.writeStartElement("tr");
    element("th", rule.id());
    element("td", rule.level().name());
    element("td", rule.sentence());
    for (Judged each : judged) {
      Optional<Finding> finding = of(each.report(), rule);
      start("td", "verdict " + finding.map(HtmlReport::word).orElse("skipped"));
      if (finding.isEmpty()) {
        html.writeCharacters("not tried");
      } else if (finding.get().verdict() == Verdict.KEPT) {
        html.writeCharacters(word(finding.get()));
      } else {
        html.writeStartElement("a");
        html.writeAttribute("href", "#" + anchor(each, finding.get()));
        html.writeCharacters(word(finding.get()));
        html.writeEndElement();
      }
      html.writeEndElement();
    }
    html.writeEndElement();
  }

  private void details(Judged each) throws XMLStreamException {
    html.writeStartElement("h2");
    html.writeAttribute("id", anchor(each));
    html.writeCharacters("Findings: " + JunitReport.legal(each.target()));
    html.writeEndElement();
    for (Finding finding : each.described()) {
      html.writeStartElement("h3");
      html.writeAttribute("id", anchor(each, finding));
      html.writeCharacters(
          "%s, %s: %s".formatted(finding.rule().id(), word(finding), finding.rule().sentence()));
      html.writeEndElement();
      element("p", finding.detail());
      if (finding.verdict() == Verdict.BROKEN) {
        element("p", "Why: " + finding.rule().why());
      }
      if (!finding.transcript().isEmpty()) {
        element("pre", String.join("\n", finding.transcript()));
        element("p", "Again: " + each.again(finding));
      }
    }
    groups(each, Verdict.INCONCLUSIVE);
    groups(each, Verdict.SKIPPED);
  }

  /** A list with an entry for each reason, and the rules to which it applies. */
  private void groups(Judged each, Verdict verdict) throws XMLStreamException {
    Map<String, List<Rule>> groups = each.groups(verdict);
    if (groups.isEmpty()) {
      return;
    }
    html.writeStartElement("h3");
    html.writeAttribute("id", anchor(each) + "-" + word(verdict));
    html.writeCharacters("Rules that are " + word(verdict));
    html.writeEndElement();
    html.writeStartElement("ul");
    for (Map.Entry<String, List<Rule>> group : groups.entrySet()) {
      element("li", TextReport.group(group.getKey(), group.getValue()));
    }
    html.writeEndElement();
  }

  private static Optional<Finding> of(Report report, Rule rule) {
    return report.findings().stream().filter(it -> it.rule().equals(rule)).findFirst();
  }

  private static String word(Finding finding) {
    return word(finding.verdict());
  }

  private static String word(Verdict verdict) {
    return verdict.name().toLowerCase(Locale.ROOT);
  }

  private String anchor(Judged each) {
    return "server-" + (judged.indexOf(each) + 1);
  }

  /** Where a finding is described: alone, or in the group of its verdict. */
  private String anchor(Judged each, Finding finding) {
    boolean alone = each.described().contains(finding);
    return anchor(each) + (alone ? "-rule-" + finding.rule().id() : "-" + word(finding));
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
