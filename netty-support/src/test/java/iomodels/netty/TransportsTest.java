package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class TransportsTest {

  @Test
  void theBestTransportIsAvailableAndTheDefault() throws IOException {
    Transport best = Transports.best();
    assertThat(Transports.available()).containsOnlyKeys(Transport.values());
    assertThat(Transports.unavailabilityCause(best)).isEmpty();
    assertThat(Transports.choose(ServerConfig.onLoopback())).isEqualTo(best);
  }
}
