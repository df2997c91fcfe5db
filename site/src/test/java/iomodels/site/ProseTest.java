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
}
