package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DescriptorsTest {

  @Test
  void aPartOfTheSoftLimitIsForConnections() {
    assertThat(
            Descriptors.connections(
                List.of(
                    "Limit                     Soft Limit           Hard Limit           Units",
                    "Max open files            20000                1048576              files")))
        .isEqualTo(19_800);
  }

  @Test
  void theLimitForConnectionsPermitsThem() {
    String limit =
        "Max open files            %d                1048576              files"
            .formatted(Descriptors.limitFor(10_000));

    assertThat(Descriptors.connections(List.of(limit))).isEqualTo(10_000);
  }

  @Test
  void withoutALimitThereIsNone() {
    assertThat(Descriptors.connections(List.of())).isEqualTo(Integer.MAX_VALUE);
    assertThat(
            Descriptors.connections(
                List.of("Max open files            unlimited            unlimited      files")))
        .isEqualTo(Integer.MAX_VALUE);
  }
}
