package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.site.Source.Passage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceTest {

  @TempDir private Path folder;

  @Test
  void aRegionConsistsOfPassagesOfCommentAndCode() throws IOException {
    Source source =
        read(
            "A.java",
            """
            package a;

            /** Waits in {@code read}.
             *
             * <p>There is no region {@code wait}, since a &lt;b&gt; waits. */
            class A {
              // tag::converse[]
              /** Reads. */
              void read() {
                // tag::wait[]
                channel.read(buffer); // here
                // end::wait[]
                // It may be
                // the end.
                finish();
              }

              // end::converse[]
            }
            """);
    assertThat(source.regions().get("converse"))
        .containsExactly(
            new Passage(List.of("Reads."), "void read() {\n  channel.read(buffer); // here", 8),
            new Passage(List.of("It may be the end."), "  finish();\n}", 13));
    assertThat(source.regions().get("wait"))
        .containsExactly(new Passage(List.of(), "channel.read(buffer); // here", 11));
    assertThat(source.about()).first().isEqualTo("Waits in `read`.");
    assertThat(source.without("wait")).contains("There is no region `wait`, since a <b> waits.");
    assertThat(source.without("close")).isEmpty();
    assertThat(source.linesOfCode()).isEqualTo(6);
  }

  @Test
  void aRegionThatIsMarkedTwiceHasBothParts() throws IOException {
    Source source =
        read(
            "a.py",
            """
            \"\"\"Serves.

            There is no region wait.
            \"\"\"
            # tag::close[]
            a = 1
            # end::close[]
            b = 2
            # tag::close[]
            c = 3
            # end::close[]
            """);
    assertThat(source.regions().getOrDefault("close", List.of()).stream().map(Passage::code))
        .containsExactly("a = 1", "c = 3");
    assertThat(source.about()).containsExactly("Serves.", "There is no region wait.");
    assertThat(source.language()).isEqualTo("python");
  }

  @Test
  void aCommentWithinALineIsCode() throws IOException {
    Source source =
        read("a.c", "/* tag */ int a; /* b */\n// tag::wait[]\nint c; // d\n// end::wait[]\n");
    assertThat(source.linesOfCode()).isEqualTo(2);
    assertThat(source.language()).isEqualTo("c");
  }

  @Test
  void aCommentInTheMiddleOfAStatementIsNoCode() throws IOException {
    assertThat(read("A.java", "int a =\n    // the answer\n    42;\n").linesOfCode()).isEqualTo(2);
  }

  @Test
  void aRegionWithoutBeginningOrEndIsAnError() {
    assertThatThrownBy(() -> read("A.java", "// tag::wait[]\nint a;\n"))
        .isInstanceOf(IOException.class)
        .hasMessage("A.java: region wait does not end");
    assertThatThrownBy(() -> read("B.java", "int a;\n// end::wait[]\n"))
        .isInstanceOf(IOException.class)
        .hasMessage("B.java:2: region wait ends but has not begun");
  }

  private Source read(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
    return Source.read(folder, name);
  }
}
