package iomodels.site;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.Heading;
import org.commonmark.node.Node;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.AttributeProvider;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * Renders Markdown as HTML, and replaces directives such as {@code {{region nio-selector wait}}} by
 * live data.
 */
final class Prose {

  private static final Pattern DIRECTIVE = Pattern.compile("\\{\\{([^}]+)}}");

  /** Placeholders for directives while Markdown is rendered: characters for private use. */
  private static final String BEGIN = "\uE000";

  private static final String END = "\uE001";
  private static final Pattern STAND_IN = Pattern.compile("(<p>)?\uE000(\\d+)\uE001(</p>)?");

  private static final List<TablesExtension> EXTENSIONS =
      List.of((TablesExtension) TablesExtension.create());

  private final Parser parser = Parser.builder().extensions(EXTENSIONS).build();
  private final HtmlRenderer renderer =
      HtmlRenderer.builder()
          .extensions(EXTENSIONS)
          .attributeProviderFactory(_ -> new Attributes())
          .build();

  /** Evaluates directives. */
  interface Directives {
    /**
     * Returns the HTML for a directive.
     *
     * @throws IllegalArgumentException if the directive is invalid
     */
    String html(List<String> words);
  }

  /** Headings get ids, and scrollable elements can be reached by keyboard. */
  private static final class Attributes implements AttributeProvider {

    private final HeadingIds ids = new HeadingIds();

    @Override
    public void setAttributes(Node node, String tag, Map<String, String> attributes) {
      if (tag.equals("pre")) {
        attributes.put("tabindex", "0");
      } else if (node instanceof Heading heading) {
        attributes.put("id", ids.next(PlainText.of(heading)));
      }
    }
  }

  /** A part of a text: the beginning, whose id and title are empty, or what follows a heading. */
  record Section(String id, String title, String text) {}

  /** Returns the sections of a Markdown text, as plain text. */
  List<Section> sections(String markdown) {
    HeadingIds ids = new HeadingIds();
    List<Section> sections = new ArrayList<>();
    sections.add(new Section("", "", ""));
    for (Node node = parser.parse(markdown).getFirstChild(); node != null; node = node.getNext()) {
      String text = PlainText.of(node);
      if (node instanceof Heading) {
        sections.add(new Section(ids.next(text), text, ""));
      } else {
        Section last = sections.removeLast();
        sections.add(new Section(last.id, last.title, (last.text + " " + text).strip()));
      }
    }
    return sections;
  }

  String html(String markdown, Directives directives) {
    List<String> values = new ArrayList<>();
    String text =
        DIRECTIVE
            .matcher(markdown)
            .replaceAll(
                it -> {
                  values.add(directives.html(List.of(it.group(1).strip().split("\\s+"))));
                  return BEGIN + (values.size() - 1) + END;
                });
    String html =
        renderer
            .render(parser.parse(text))
            .replace("<table>", "<div class=\"scroll\" tabindex=\"0\"><table>")
            .replace("</table>", "</table></div>");
    return STAND_IN
        .matcher(html)
        .replaceAll(
            it -> {
              String value = values.get(Integer.parseInt(it.group(2)));
              boolean block = value.matches("(?s)<(figure|form|p)\\b.*");
              // A block element must not be inside a paragraph.
              boolean alone = block && it.group(1) != null && it.group(3) != null;
              String before = alone || it.group(1) == null ? "" : it.group(1);
              String after = alone || it.group(3) == null ? "" : it.group(3);
              return Matcher.quoteReplacement(before + value + after);
            });
  }
}
