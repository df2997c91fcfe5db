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
 * skipped rule, or a broken one of the level SHOULD, is skipped. The suite has the verdict, the
 * score, the seed and the command as properties; failures come first.
 */
public final class JunitReport {

  private JunitReport() {}

  /** Writes reports to a file. */
  public static void write(List<Judged> judged, Path file) throws IOException, XMLStreamException {
    StringWriter out = new StringWriter();
    XMLStreamWriter xml = XMLOutputFactory.newInstance().createXMLStreamWriter(out);
    document(judged, xml);
    xml.close();
    WholeFile.write(file, out.toString());
  }

  private static void document(List<Judged> judged, XMLStreamWriter xml) throws XMLStreamException {
    xml.writeStartDocument("UTF-8", "1.0");
    xml.writeStartElement("testsuites");
    for (Judged each : judged) {
      suite(each, xml);
    }
    xml.writeEndElement();
    xml.writeEndDocument();
  }

  private static void suite(Judged judged, XMLStreamWriter xml) throws XMLStreamException {
    Report report = judged.report();
    boolean strict = judged.strict();
    List<Finding> findings = judged.failuresFirst();
    long failures = findings.stream().filter(it -> it.isFailure(strict)).count();
    long errors = findings.stream().filter(it -> isError(it.verdict())).count();
    long skipped = findings.size() - failures - errors - report.count(Verdict.KEPT);
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", legal(report.target()));
    xml.writeAttribute("tests", String.valueOf(findings.size()));
    xml.writeAttribute("failures", String.valueOf(failures));
    xml.writeAttribute("errors", String.valueOf(errors));
    xml.writeAttribute("skipped", String.valueOf(skipped));
    xml.writeAttribute("timestamp", judged.timestamp());
    xml.writeStartElement("properties");
    property("verdict", judged.verdict(), xml);
    property("score", judged.score(), xml);
    property("seed", String.valueOf(judged.seed()), xml);
    property("command", judged.again(), xml);
    if (!report.waived().isEmpty()) {
      property("waived", Findings.waived(report), xml);
    }
    for (String note : report.notes()) {
      property("note", note, xml);
    }
    xml.writeEndElement();
    for (Finding finding : findings) {
      xml.writeStartElement("testcase");
      xml.writeAttribute("classname", legal(report.target()));
      xml.writeAttribute("name", finding.rule().id() + " " + finding.rule().sentence());
      xml.writeAttribute("time", seconds(finding.took()));
      outcome(finding, judged, xml);
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private static void property(String name, String value, XMLStreamWriter xml)
      throws XMLStreamException {
    xml.writeEmptyElement("property");
    xml.writeAttribute("name", name);
    xml.writeAttribute("value", legal(value));
  }

  private static boolean isError(Verdict verdict) {
    return verdict == Verdict.INCONCLUSIVE || verdict == Verdict.ERROR;
  }

  private static void outcome(Finding finding, Judged judged, XMLStreamWriter xml)
      throws XMLStreamException {
    if (finding.verdict() == Verdict.KEPT) {
      return;
    }
    String kind =
        finding.isFailure(judged.strict())
            ? "failure"
            : isError(finding.verdict()) ? "error" : "skipped";
    xml.writeStartElement(kind);
    xml.writeAttribute("message", legal(finding.detail()));
    if (finding.verdict() == Verdict.BROKEN) {
      xml.writeCharacters(legal("why: " + finding.rule().why()) + "\n");
    }
    if (!finding.transcript().isEmpty()) {
      xml.writeCharacters(legal(String.join("\n", finding.transcript())));
      xml.writeCharacters(legal("\nagain: " + judged.again(finding)));
    }
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
