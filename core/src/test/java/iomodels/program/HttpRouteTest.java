package iomodels.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpRouteTest {

  private static final Path FOLDER = Path.of("folder");

  @ParameterizedTest
  @CsvSource({
    "page.html, text/html; charset=utf-8",
    "PAGE.HTML, text/html; charset=utf-8",
    "a.txt, text/plain; charset=utf-8",
    "a.b.json, application/json",
    "picture.png, image/png",
    "a.unknown, application/octet-stream",
    "html, application/octet-stream",
    "a., application/octet-stream"
  })
  void theMediaTypeOfAFileIsThatOfItsName(String name, String type) {
    assertThat(HttpRoute.of("GET", "/files/" + name, FOLDER))
        .isInstanceOfSatisfying(
            HttpRoute.Resource.class,
            it -> {
              assertThat(it.file()).isEqualTo(FOLDER.resolve(name));
              assertThat(it.mediaType()).isEqualTo(type);
            });
  }

  @Test
  void aNameThatLeadsElsewhereIsNoFile() {
    for (String name : new String[] {"", ".", "..", "../a", "a/b", ".hidden", "a%2fb"}) {
      assertThat(HttpRoute.of("GET", "/files/" + name, FOLDER))
          .as(name)
          .isEqualTo(HttpRoute.Resource.NOT_FOUND);
    }
  }
}
