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

/** Markdown as HTML, with directives, {@code {{region nio-selector wait}}}, that take live data. */
final class Prose {

  private static final Pattern DIRECTIVE = Pattern.compile("\\{\\{([^}]+)}}");

  /** Stand in for a directive while Markdown is made into HTML: characters that nobody writes. */
  private static final String BEGIN = "\uE000";

  private static final String END = "\uE001";
  private static final Pattern STAND_IN = Pattern.compile("(<p>)?\uE000(\\d+)\uE001(</p>)?");

  private static final List<TablesExtension> EXTENSIONS =
      List.of((TablesExtension) TablesExtension.create());

  private final Parser parser = Parser.builder().extensions(EXTENSIONS).build();
  private final HtmlRenderer renderer =
      HtmlRenderer.builder()
          .extensions(EXTENSIONS)
          // What scrolls has to be reached by the keyboard.
          .attributeProviderFactory(_ -> Prose::makeReachable)
          .build();

  /** What a directive stands for. */
  interface Directives {
    /** The HTML of a directive's words; throws {@link IllegalArgumentException} for nonsense. */
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
              // A block of its own needs no paragraph around it.
              boolean alone = block && it.group(1) != null && it.group(3) != null;
              String before = alone || it.group(1) == null ? "" : it.group(1);
              String after = alone || it.group(3) == null ? "" : it.group(3);
              return Matcher.quoteReplacement(before + value + after);
            });
  }
}
