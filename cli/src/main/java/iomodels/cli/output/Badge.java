package iomodels.cli.output;

import static java.util.stream.Collectors.toSet;

import iomodels.conformance.Verdict;
import iomodels.lab.report.WholeFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** The verdict as a badge: a small picture (SVG) with the subject's name and the verdict. */
public final class Badge {

  private static final int HEIGHT = 20;
  private static final int PADDING = 8;
  private static final int BASELINE = 14;
  private static final int FONT_SIZE = 11;

  /** Widths of a character in this font size; the picture tells the browser to keep to them. */
  private static final int NARROW = 7;

  private static final int WIDE = 12;

  /** The first of the characters that are as wide as they are high (CJK and emoji). */
  private static final int FIRST_WIDE = 0x2E80;

  /** A name can be a whole command. */
  private static final int LONGEST = 40;

  private static final String LABEL = "#4a4f57";

  private Badge() {}

  /** Writes the badge of one subject, or of several together. */
  public static void write(List<Judged> judged, Path file) throws IOException, XMLStreamException {
    WholeFile.write(file, svg(judged));
  }

  static String svg(List<Judged> judged) throws XMLStreamException {
    Verdict verdict = verdict(judged);
    String label =
        shortened(
            judged.size() == 1
                ? judged.getFirst().target()
                : "%d subjects".formatted(judged.size()));
    String words =
        switch (verdict) {
          case KEPT -> kept(judged);
          case BROKEN -> broken(judged);
          case SKIPPED, INCONCLUSIVE, ERROR -> "no verdict";
        };
    String colour =
        switch (verdict) {
          case KEPT -> "#1a7f37";
          case BROKEN -> "#c62828";
          case SKIPPED, INCONCLUSIVE, ERROR -> "#8a6100";
        };
    StringWriter out = new StringWriter();
    XMLStreamWriter svg = XMLOutputFactory.newInstance().createXMLStreamWriter(out);
    draw(svg, label, words, colour);
    svg.close();
    return out.append('\n').toString();
  }

  /** The verdict on all: one that is broken decides, then one without a verdict. */
  private static Verdict verdict(List<Judged> judged) {
    Set<Verdict> outcomes =
        judged.stream().map(it -> it.report().outcome(it.strict())).collect(toSet());
    return outcomes.contains(Verdict.BROKEN)
        ? Verdict.BROKEN
        : outcomes.equals(Set.of(Verdict.KEPT)) ? Verdict.KEPT : Verdict.INCONCLUSIVE;
  }

  private static String kept(List<Judged> judged) {
    boolean waived = judged.stream().anyMatch(it -> !it.report().waived().isEmpty());
    if (judged.size() > 1) {
      return waived ? "conform, in part waived" : "conform";
    }
    Judged only = judged.getFirst();
    return "conforms: %s kept%s"
        .formatted(
            rules(only.report().count(Verdict.KEPT)),
            waived ? ", %s waived".formatted(Findings.waived(only.report())) : "");
  }

  private static String broken(List<Judged> judged) {
    if (judged.size() > 1) {
      long failed = judged.stream().filter(it -> verdict(List.of(it)) == Verdict.BROKEN).count();
      return failed == 1 ? "1 does not conform" : failed + " do not conform";
    }
    Judged only = judged.getFirst();
    long failures =
        only.report().findings().stream().filter(it -> it.isFailure(only.strict())).count();
    return rules(failures) + " broken";
  }

  private static String rules(long number) {
    return number == 1 ? "1 rule" : number + " rules";
  }

  private static String shortened(String name) {
    String safe = JunitReport.legal(name).replace('\n', ' ');
    return safe.codePointCount(0, safe.length()) <= LONGEST
        ? safe
        : safe.substring(0, safe.offsetByCodePoints(0, LONGEST - 1)) + "…";
  }

  private static int width(String text) {
    return text.codePoints().map(it -> it < FIRST_WIDE ? NARROW : WIDE).sum();
  }

  private static void draw(XMLStreamWriter svg, String label, String words, String colour)
      throws XMLStreamException {
    int left = width(label) + 2 * PADDING;
    int right = width(words) + 2 * PADDING;
    svg.writeStartElement("svg");
    svg.writeAttribute("xmlns", "http://www.w3.org/2000/svg");
    svg.writeAttribute("width", String.valueOf(left + right));
    svg.writeAttribute("height", String.valueOf(HEIGHT));
    svg.writeAttribute("role", "img");
    svg.writeAttribute("font-family", "Verdana, DejaVu Sans, sans-serif");
    svg.writeAttribute("font-size", String.valueOf(FONT_SIZE));
    svg.writeAttribute("fill", "#fff");
    svg.writeStartElement("title");
    svg.writeCharacters(label + ": " + words);
    svg.writeEndElement();
    part(svg, 0, left, LABEL, label);
    part(svg, left, right, colour, words);
    svg.writeEndElement();
  }

  private static void part(XMLStreamWriter svg, int x, int width, String colour, String text)
      throws XMLStreamException {
    svg.writeEmptyElement("rect");
    svg.writeAttribute("x", String.valueOf(x));
    svg.writeAttribute("width", String.valueOf(width));
    svg.writeAttribute("height", String.valueOf(HEIGHT));
    svg.writeAttribute("fill", colour);
    svg.writeStartElement("text");
    svg.writeAttribute("x", String.valueOf(x + PADDING));
    svg.writeAttribute("y", String.valueOf(BASELINE));
    svg.writeAttribute("textLength", String.valueOf(width - 2 * PADDING));
    svg.writeAttribute("lengthAdjust", "spacingAndGlyphs");
    svg.writeCharacters(text);
    svg.writeEndElement();
  }
}
