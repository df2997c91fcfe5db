package iomodels.site;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.Node;
import org.commonmark.parser.Parser;
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
          // Scrollable elements must be reachable by keyboard.
          .attributeProviderFactory(_ -> Prose::makeReachable)
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

  private static void makeReachable(Node node, String tag, Map<String, String> attributes) {
    if (tag.equals("pre")) {
      attributes.put("tabindex", "0");
    }
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
    String html = renderer.render(parser.parse(text));
    return STAND_IN
        .matcher(html)
        .replaceAll(
            it -> {
              String value = values.get(Integer.parseInt(it.group(2)));
              boolean block = value.startsWith("<figure") || value.startsWith("<p");
              // A block element must not be inside a paragraph.
              boolean alone = block && it.group(1) != null && it.group(3) != null;
              String before = alone || it.group(1) == null ? "" : it.group(1);
              String after = alone || it.group(3) == null ? "" : it.group(3);
              return Matcher.quoteReplacement(before + value + after);
            });
  }
}
