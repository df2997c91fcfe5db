package iomodels.server.spi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServerProviderTest {

  @Test
  void noProviderHasAnUnknownName() {
    assertThat(ServerProvider.named("no-such-server")).isEmpty();
    assertThat(ServerProvider.named("")).isEmpty();
  }

  @Test
  void coreHasNoProvidersOfItsOwn() {
    assertThat(ServerProvider.installed()).isEmpty();
  }
}
