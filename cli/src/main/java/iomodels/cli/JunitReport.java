package iomodels.cli;

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
 * Reports as build servers read them: JUnit's XML, a suite for each target, a case for each rule. A
 * broken rule is a failure; one of which the kit could not tell is an error; a skipped one, or one
 * that only should be kept, is skipped.
 */
final class JunitReport {

  private JunitReport() {}

  static void write(List<Report> reports, boolean strict, Path file)
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
    long errors = report.count(Verdict.UNKNOWN);
    long skipped = findings.size() - failures - errors - report.count(Verdict.KEPT);
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", legal(report.target()));
    xml.writeAttribute("tests", String.valueOf(findings.size()));
    xml.writeAttribute("failures", String.valueOf(failures));
    xml.writeAttribute("errors", String.valueOf(errors));
    xml.writeAttribute("skipped", String.valueOf(skipped));
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

  private static void outcome(Finding finding, boolean strict, XMLStreamWriter xml)
      throws XMLStreamException {
    if (finding.verdict() == Verdict.KEPT) {
      return;
    }
    String kind =
        finding.isFailure(strict)
            ? "failure"
            : finding.verdict() == Verdict.UNKNOWN ? "error" : "skipped";
    xml.writeStartElement(kind);
    xml.writeAttribute("message", legal(finding.detail()));
    if (finding.verdict() == Verdict.BROKEN) {
      xml.writeCharacters(legal("why: " + finding.rule().why()) + "\n");
    }
    xml.writeCharacters(legal(String.join("\n", finding.transcript())));
    xml.writeEndElement();
  }

  /**
   * What a server said last may hold characters that no XML document can, and others that a
   * terminal or a browser would obey.
   */
  static String legal(String text) {
    return TerminalText.safe(text).replaceAll("[\\uFFFE\\uFFFF]", "\uFFFD");
  }

  private static String seconds(Duration took) {
    return String.format(Locale.ROOT, "%.3f", took.toNanos() / 1e9);
  }
}
