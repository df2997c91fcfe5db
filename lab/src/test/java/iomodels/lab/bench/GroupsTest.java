package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GroupsTest {

  private static ServerSpec spec(String name, int connections) {
    return new ServerSpec(name, "c-epoll", connections, true);
  }

  @Test
  void aServerWithFewerConnectionsHasAGroupOfItsOwn() {
    List<List<ServerSpec>> groups =
        Groups.of(
            List.of(
                spec("one", 1),
                spec("many", Integer.MAX_VALUE),
                spec("select", 1_000),
                spec("two", 1)),
            50,
            true);

    assertThat(groups)
        .extracting(group -> group.stream().map(ServerSpec::name).toList())
        .containsExactly(List.of("one", "two"), List.of("many", "select"));
  }

  @Test
  void aTurnDoesNotGetLong() {
    List<ServerSpec> many = IntStream.range(0, 19).mapToObj(i -> spec("m" + i, 5_000)).toList();

    assertThat(Groups.of(many, 50, true)).extracting(List::size).containsExactly(3, 4, 4, 4, 4);
    assertThat(Groups.of(many, 50, false)).extracting(List::size).containsExactly(6, 6, 7);
    assertThat(Groups.of(many, 50, true).stream().flatMap(List::stream))
        .containsExactlyElementsOf(many);
  }
}
