package iomodels.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConnectionTableTest {

  private static final int HIGH = 5_000;

  private final ConnectionTable<StringBuilder> table = new ConnectionTable<>();

  @Test
  void aConnectionIsRemovedOnlyOnceEvenIfItsDescriptorIsReused() {
    StringBuilder first = new StringBuilder();
    StringBuilder second = new StringBuilder();
    table.put(7, first);
    assertThat(table.remove(7, first)).isTrue();
    table.put(7, second);
    assertThat(table.remove(7, first)).isFalse();
    assertThat(table.get(7)).isSameAs(second);
    assertThat(table.remove(7, second)).isTrue();
    assertThat(table.isEmpty()).isTrue();
  }

  @Test
  void growsAndAllowsRemovalDuringIteration() {
    List<StringBuilder> seen = new ArrayList<>();
    table.put(HIGH, new StringBuilder("high"));
    table.put(3, new StringBuilder("low"));
    assertThat(table.get(2 * HIGH + 1)).isNull();
    table.forEach(
        it -> {
          seen.add(it);
          table.remove(HIGH);
        });
    assertThat(seen).hasSize(1);
    table.remove(HIGH);
    table.remove(3);
    assertThat(table.isEmpty()).isTrue();
  }
}
