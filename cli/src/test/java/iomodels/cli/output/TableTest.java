package iomodels.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {

  private static final List<String> TITLES = List.of("NAME", "SIZE", "COLOUR", "WHAT IT IS");
  private static final List<List<String>> ROWS =
      List.of(
          List.of("one", "12345678", "dark blue", "a thing of which a lot can be said here"),
          List.of("another", "1", "red", "a thing"));

  private static List<String> printed(int width) {
    StringWriter out = new StringWriter();
    Table.print(new PrintWriter(out), TITLES, ROWS, List.of("COLOUR", "SIZE"), width);
    return out.toString().lines().toList();
  }

  @Test
  void hasAllColumnsIfThereIsRoom() {
    assertThat(printed(Integer.MAX_VALUE))
        .containsExactly(
            "NAME     SIZE      COLOUR     WHAT IT IS",
            "one      12345678  dark blue  a thing of which a lot can be said here",
            "another  1         red        a thing");
    assertThat(printed(69)).isEqualTo(printed(Integer.MAX_VALUE));
  }

  @Test
  void leavesOutTheMostDispensableColumnFirst() {
    assertThat(printed(60))
        .containsExactly(
            "NAME     SIZE      WHAT IT IS",
            "one      12345678  a thing of which a lot can be said here",
            "another  1         a thing",
            "Add --wide for: COLOUR");
  }

  @Test
  void wrapsTheLastColumnIfTheRestDoesNotFit() {
    assertThat(printed(35))
        .containsExactly(
            "NAME     WHAT IT IS",
            "one      a thing of which a lot can",
            "         be said here",
            "another  a thing",
            "Add --wide for: SIZE, COLOUR");
  }

  /** A column of a few characters is hard to read; the terminal wraps the line instead. */
  @Test
  void doesNotWrapIntoAColumnThatIsTooNarrow() {
    assertThat(printed(20)).contains("one      a thing of which a lot can be said here");
  }
}
