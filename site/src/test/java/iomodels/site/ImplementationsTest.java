package iomodels.site;

import static iomodels.program.Programs.RELAY;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.spi.StyleProvider;
import iomodels.site.Implementation.Group;
import iomodels.site.Implementation.StyledProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImplementationsTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void everyPageOfAStyleIsFoundWithItsSource() throws IOException {
    Implementations implementations = Implementations.of(PROJECT);
    assertThat(StyleProvider.installed()).isNotEmpty();
    for (StyleProvider style : StyleProvider.installed()) {
      for (StyleProvider.Page page : style.pages()) {
        String id = style.style() + ":" + page.program();
        Implementation implementation = implementations.named(id).orElseThrow();
        assertThat(implementation.group()).as(id).isEqualTo(Group.PROGRAMS);
        assertThat(implementation.page()).as(id).endsWith(page.source().getSimpleName() + ".java");
        assertThat(implementation.linesOfCode()).as(id).isPositive();
      }
    }
  }

  @Test
  void thePythonFileNameGivesStyleAndProgram(@TempDir Path project) throws IOException {
    twin(project, "with_poll.py");
    twin(project, "programs/asyncio_relay.py");
    twin(project, "programs/asyncio_lines.py");

    Implementations implementations = Implementations.of(project);
    Implementation relay = implementations.named("python:programs/asyncio_relay").orElseThrow();
    assertThat(relay.styledProgram()).contains(new StyledProgram(RELAY, "python:asyncio", ""));
    assertThat(relay.steps()).containsExactly("ask", "close");
    assertThat(implementations.of(Group.PYTHON))
        .extracting(Implementation::id)
        .containsExactly("python:with_poll", "python:programs/asyncio_lines");
  }

  @Test
  void modulesThatATwinImportsArePartOfIt(@TempDir Path project) throws IOException {
    Path chat = twin(project, "programs/asyncio_chat.py");
    Path lines = twin(project, "programs/asyncio_lines.py");
    Path relay = twin(project, "programs/asyncio_relay.py");
    twin(project, "programs/asyncio_server.py");
    Files.writeString(chat, "from asyncio_lines import read_line\n", StandardOpenOption.APPEND);
    Files.writeString(lines, "import asyncio_server\n", StandardOpenOption.APPEND);
    Files.writeString(
        relay, "from asyncio_server import serve # no asyncio_lines\n", StandardOpenOption.APPEND);

    Implementations implementations = Implementations.of(project);
    assertThat(implementations.all())
        .filteredOn(it -> it.id().startsWith("python:"))
        .extracting(Implementation::id)
        .containsExactly("python:programs/asyncio_chat", "python:programs/asyncio_relay");
    assertThat(implementations.named("python:programs/asyncio_chat").orElseThrow().sources())
        .extracting(it -> it.path().replaceFirst(".*/", ""))
        .containsExactly("asyncio_chat.py", "asyncio_lines.py", "asyncio_server.py");
    assertThat(implementations.named("python:programs/asyncio_relay").orElseThrow().sources())
        .extracting(it -> it.path().replaceFirst(".*/", ""))
        .containsExactly("asyncio_relay.py", "asyncio_server.py");
  }

  private static Path twin(Path project, String name) throws IOException {
    Path file = project.resolve("python-twins").resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(
        file,
        """
        # tag::ask[]
        a = 1
        # end::ask[]
        # tag::close[]
        b = 2
        # end::close[]
        """);
  }
}
