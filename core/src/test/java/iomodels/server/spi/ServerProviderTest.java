package iomodels.server.spi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServerProviderTest {

  @Test
  void anUnknownNameIsNoServer() {
    assertThat(ServerProvider.named("no-such-server")).isEmpty();
    assertThat(ServerProvider.named("")).isEmpty();
  }

  @Test
  void coreServesNothingItself() {
    assertThat(ServerProvider.installed()).isEmpty();
  }
}
