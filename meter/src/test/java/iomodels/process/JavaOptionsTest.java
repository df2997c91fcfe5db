package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JavaOptionsTest {

  @Test
  void theSerialCollectorIsTheDefault() {
    assertThat(JavaOptions.serialCollector(Map.of("JAVA_TOOL_OPTIONS", "-Xmx1g -Xlog:gc")))
        .containsExactly("-XX:+UseSerialGC");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Xmx1g -XX:+UseZGC",
        "-XX:+UseG1GC",
        "-XX:+UseParallelGC",
        "-XX:+UseShenandoahGC",
        "@options",
        "-XX:Flags=options"
      })
  void aCollectorChosenByTheEnvironmentIsKept(String options) {
    for (String variable : new String[] {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"}) {
      assertThat(JavaOptions.serialCollector(Map.of(variable, options))).isEmpty();
    }
  }
}
