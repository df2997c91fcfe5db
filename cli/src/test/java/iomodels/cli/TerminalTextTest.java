package iomodels.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(take("\u001b[2J\u0007\r\u007f\u009b\t\n")).isEqualTo("␛[2J␇␍␡\uFFFD\t\n");
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
