package iomodels.site;

import iomodels.site.Source.Passage;
import java.util.List;

/** Renders source code as HTML, comments beside code. A script on the page colours the code. */
final class CodeMarkup {

  private CodeMarkup() {}

  /** Renders text in which backticks enclose code. */
  static String inline(String text) {
    return Markup.escaped(text).replaceAll("`([^`]*)`", "<code>$1</code>");
  }

  static String passages(List<Passage> passages, String language) {
    StringBuilder html = new StringBuilder();
    for (Passage passage : passages) {
      html.append("<div class=\"passage\">");
      if (!passage.comment().isEmpty()) {
        html.append("<div class=\"comment\">");
        passage.comment().forEach(it -> html.append("<p>").append(inline(it)).append("</p>"));
        html.append("</div>");
      }
      if (!passage.code().isBlank()) {
        html.append("<pre tabindex=\"0\"><code class=\"language-%s\">".formatted(language))
            .append(Markup.escaped(passage.code()))
            .append("</code></pre>");
      }
      html.append("</div>");
    }
    return html.toString();
  }
}
