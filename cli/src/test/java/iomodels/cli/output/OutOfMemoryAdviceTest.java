package iomodels.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OutOfMemoryAdviceTest {

  @Test
  void eachShortageNamesItsRemedy() {
    assertThat(words("unable to create native thread: possibly out of memory or process limits"))
        .contains("ulimit -u");
    assertThat(words("Cannot reserve 65536 bytes of direct buffer memory"))
        .contains("MaxDirectMemorySize");
    assertThat(words("Java heap space")).contains("Java heap space").contains("-Xmx");
  }

  private static String words(String message) {
    return OutOfMemoryAdvice.of(new OutOfMemoryError(message));
  }
}
