package iomodels.cli.output;

import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Verdict;
import iomodels.lab.report.WholeFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Reports in JUnit's XML format, for build servers: a suite for each target, a test case for each
 * rule. A broken rule is a failure. An inconclusive rule, or one whose check failed, is an error. A
 * skipped rule, or a broken one of the level SHOULD, is skipped.
 */
public final class JunitReport {

  private JunitReport() {}

  /** Writes reports to a file. */
  public static void write(List<Report> reports, boolean strict, Path file)
      throws IOException, XMLStreamException {
    StringWriter out = new StringWriter();
    XMLStreamWriter xml = XMLOutputFactory.newInstance().createXMLStreamWriter(out);
    document(reports, strict, xml);
    xml.close();
    WholeFile.write(file, out.toString());
  }

  private static void document(List<Report> reports, boolean strict, XMLStreamWriter xml)
      throws XMLStreamException {
    xml.writeStartDocument("UTF-8", "1.0");
    xml.writeStartElement("testsuites");
    for (Report report : reports) {
      suite(report, strict, xml);
    }
    xml.writeEndElement();
    xml.writeEndDocument();
  }

  private static void suite(Report report, boolean strict, XMLStreamWriter xml)
      throws XMLStreamException {
    List<Finding> findings = report.findings();
    long failures = findings.stream().filter(it -> it.isFailure(strict)).count();
    long errors = findings.stream().filter(it -> isError(it.verdict())).count();
    long skipped = findings.size() - failures - errors - report.count(Verdict.KEPT);
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", legal(report.target()));
    xml.writeAttribute("tests", String.valueOf(findings.size()));
    xml.writeAttribute("failures", String.valueOf(failures));
    xml.writeAttribute("errors", String.valueOf(errors));
    xml.writeAttribute("skipped", String.valueOf(skipped));
    if (!report.waived().isEmpty()) {
      xml.writeStartElement("properties");
      xml.writeEmptyElement("property");
      xml.writeAttribute("name", "waived");
      xml.writeAttribute("value", Findings.waived(report));
      xml.writeEndElement();
    }
    for (Finding finding : findings) {
      xml.writeStartElement("testcase");
      xml.writeAttribute("classname", legal(report.target()));
      xml.writeAttribute("name", finding.rule().id() + " " + finding.rule().sentence());
      xml.writeAttribute("time", seconds(finding.took()));
      outcome(finding, strict, xml);
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private static boolean isError(Verdict verdict) {
    return verdict == Verdict.INCONCLUSIVE || verdict == Verdict.ERROR;
  }

  private static void outcome(Finding finding, boolean strict, XMLStreamWriter xml)
      throws XMLStreamException {
    if (finding.verdict() == Verdict.KEPT) {
      return;
    }
    String kind =
        finding.isFailure(strict) ? "failure" : isError(finding.verdict()) ? "error" : "skipped";
    xml.writeStartElement(kind);
    xml.writeAttribute("message", legal(finding.detail()));
    if (finding.verdict() == Verdict.BROKEN) {
      xml.writeCharacters(legal("why: " + finding.rule().why()) + "\n");
    }
    xml.writeCharacters(legal(String.join("\n", finding.transcript())));
    xml.writeEndElement();
  }

  /**
   * Replaces characters that XML does not allow, and those that control a terminal or browser: text
   * may come from a server.
   */
  static String legal(String text) {
    return TerminalText.safe(text).replaceAll("[\\uFFFE\\uFFFF]", "\uFFFD");
  }

  private static String seconds(Duration took) {
    return String.format(Locale.ROOT, "%.3f", took.toNanos() / 1e9);
  }
}
