package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProseTest {

  private final Prose prose = new Prose();

  @Test
  void aDirectiveIsReplacedWhereItStands() {
    String html =
        prose.html("It is {{cost a msgs}} *times*.", words -> "<b>" + words.getLast() + "</b>");
    assertThat(html).isEqualTo("<p>It is <b>msgs</b> <em>times</em>.</p>\n");
  }

  @Test
  void aBlockNeedsNoParagraph() {
    String html = prose.html("a\n\n{{region x wait}}\n\nb", _ -> "<figure>\n\n*$1*</figure>");
    assertThat(html).isEqualTo("<p>a</p>\n<figure>\n\n*$1*</figure>\n<p>b</p>\n");
  }

  @Test
  void tablesAreTables() {
    assertThat(prose.html("|a|b|\n|-|-|\n|1|{{x y}}|\n", _ -> "2")).contains("<td>2</td>");
  }

  @Test
  void headingsHaveTheSameIdsOnThePageAndInTheSearchIndex() {
    String text = "a [b](c) `d`\n\n## Two phases, `one` call\n\n- e\n- f\n\n## 两个阶段\n\n## 两个阶段\n";
    assertThat(prose.html(text, _ -> ""))
        .contains("<h2 id=\"two-phases-one-call\">")
        .contains("<h2 id=\"两个阶段\">", "<h2 id=\"两个阶段-1\">");
    assertThat(prose.sections(text))
        .containsExactly(
            new Prose.Section("", "", "a b d"),
            new Prose.Section("two-phases-one-call", "Two phases, one call", "e f"),
            new Prose.Section("两个阶段", "两个阶段", ""),
            new Prose.Section("两个阶段-1", "两个阶段", ""));
  }
}
