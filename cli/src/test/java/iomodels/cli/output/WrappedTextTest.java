package iomodels.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WrappedTextTest {

  @Test
  void linesEndAtBlanksAndNotInCode() {
    assertThat(WrappedText.wrapped("one two `three four` five", 12))
        .containsExactly("one two", "`three four`", "five");
    assertThat(WrappedText.wrapped("incomprehensibilities", 5))
        .containsExactly("incomprehensibilities");
  }

  @Test
  void chineseLinesEndBetweenCharactersButNotBeforeAComma() {
    assertThat(WrappedText.wrapped("服务器关闭，再等待", 10)).containsExactly("服务器关", "闭，再等待");
    assertThat(WrappedText.wrapped("用 `select` 等（很久）", 13)).containsExactly("用 `select`", "等（很久）");
    assertThat(WrappedText.width("服务 a")).isEqualTo(6);
    assertThat(WrappedText.padded("服务", 6)).isEqualTo("服务  ");
  }

  @Test
  void emphasisIsRemovedAlsoAcrossLinesButNotInCode() {
    assertThat(WrappedText.ofMarkdown("Do *it instead of* that: `a *b* c`, 2 * 3 * 4", "", 14))
        .containsExactly("Do it instead", "of that:", "`a *b* c`, 2 *", "3 * 4");
  }

  @Test
  void markdownKeepsCodeAndIndentsLists() {
    assertThat(
            WrappedText.ofMarkdown(
                "Say *why* not.\n\n- one two three\n- four\n\n```\na  = 1\n```", "  ", 12))
        .containsExactly(
            "  Say why", "  not.", "", "  - one two", "    three", "  - four", "", "      a  = 1");
  }
}
