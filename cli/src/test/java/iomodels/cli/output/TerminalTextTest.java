package iomodels.cli.output;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TerminalTextTest {

  private final TerminalText text = new TerminalText();

  @Test
  void putsCharactersTogetherThatComeInPieces() {
    StringBuilder shown = new StringBuilder();
    for (byte octet : "wörld 世界 😀\n".getBytes(UTF_8)) {
      shown.append(text.completeLines(new byte[] {octet}, 1));
    }
    assertThat(shown.toString()).isEqualTo("wörld 世界 😀\n");
  }

  @Test
  void holdsALineUntilItIsCompleteOrThereIsAPause() {
    assertThat(take("one\ntwo")).isEqualTo("one\n");
    assertThat(text.rest()).isEqualTo("two");
    assertThat(text.rest()).isEmpty();
  }

  @Test
  void showsControlCharactersAsPictures() {
    assertThat(take("\u001b[2J\u0007\r\u007f\u009b\t\n")).isEqualTo("␛[2J␇␍␡<U+009B>\t\n");
  }

  /** They change the direction, begin a line, or are invisible. */
  @Test
  void showsInvisibleCharactersAsNumbers() {
    assertThat(take("a\u202Eb\u2066c\u2028d\uDB40\uDC01e\uDB40\uDC41f\uFEFF\n"))
        .isEqualTo("a<U+202E>b<U+2066>c<U+2028>d<U+E0001>e<U+E0041>f<U+FEFF>\n");
  }

  @Test
  void leavesEmojiAndScriptsAlone() {
    String text = "👩‍💻 🇩🇪 नमस्ते שלום می‌خواهم e\u0301\n";
    assertThat(take(text)).isEqualTo(text);
  }

  @Test
  void whatIsJsonStaysTheSameJson() {
    assertThat(TerminalText.safeJson("{\n  \"a\u009B\uDB40\uDC01\" : \"世界\"\n}"))
        .isEqualTo("{\n  \"a\\u009b\\udb40\\udc01\" : \"世界\"\n}");
  }

  @Test
  void outputMayHaveColoursAndNothingElse() {
    String evil = "\u001b[31mred\u001b[0m \u001b]0;title\u0007\u001b[2J\r\n";
    assertThat(printed(evil, true)).isEqualTo("\u001b[31mred\u001b[0m ␛]0;title␇␛[2J␍\n");
    assertThat(printed(evil, false)).isEqualTo("␛[31mred␛[0m ␛]0;title␇␛[2J␍\n");
  }

  private static String printed(String evil, boolean colours) {
    StringWriter out = new StringWriter();
    SafeWriter.around(new PrintWriter(out), colours).printf("%s", evil).flush();
    return out.toString();
  }

  @Test
  void replacesWhatIsNotUtf8() {
    byte[] bytes = {'a', (byte) 0xFF, 'b', '\n'};
    assertThat(text.completeLines(bytes, bytes.length)).isEqualTo("a\uFFFDb\n");
  }

  private String take(String said) {
    byte[] bytes = said.getBytes(UTF_8);
    return text.completeLines(bytes, bytes.length);
  }
}
