package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutputLinesTest {

  private static final String LONG = "x".repeat(OutputLines.MAX_LENGTH);

  @Test
  void linesAreReportedWithoutTheirEnds() throws IOException {
    assertThat(read("a\r\n\nb")).containsExactly("a", "", "b");
  }

  @Test
  void aLineThatIsTooLongIsTruncated() throws IOException {
    assertThat(read(LONG + "\n" + LONG + "yz\nb\n")).containsExactly(LONG, LONG + "…", "b");
  }

  @Test
  void aLineThatNeverEndsIsReportedOnce() throws IOException {
    assertThat(read(LONG.repeat(100))).containsExactly(LONG + "…");
  }

  @Test
  void thePiecesOfALongLineAreBounded() throws IOException {
    try (BufferedReader output = new BufferedReader(new StringReader("a\n" + LONG + "yz"))) {
      assertThat(OutputLines.next(output)).hasValue("a");
      assertThat(OutputLines.next(output)).hasValue(LONG + "…");
      assertThat(OutputLines.next(output)).hasValue("yz");
      assertThat(OutputLines.next(output)).isEmpty();
    }
  }

  @Test
  void aLineOfMaximumLengthIsNotTruncated() throws IOException {
    try (BufferedReader output = new BufferedReader(new StringReader(LONG + "\n" + LONG + LONG))) {
      assertThat(OutputLines.next(output)).hasValue(LONG);
      assertThat(OutputLines.next(output)).hasValue(LONG + "…");
      assertThat(OutputLines.next(output)).hasValue(LONG);
      assertThat(OutputLines.next(output)).isEmpty();
    }
  }

  private static List<String> read(String output) throws IOException {
    List<String> lines = new ArrayList<>();
    OutputLines.read(new StringReader(output), lines::add);
    return lines;
  }
}
