package iomodels.linux;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import iomodels.server.spi.ServerProvider;
import java.util.List;

/** The models of this module that work on this machine. */
final class Models {

  private Models() {}

  static List<ServerProvider> available() {
    List<ServerProvider> available =
        ServerProvider.installed().stream()
            .filter(provider -> provider.getClass().getModule() == Models.class.getModule())
            .filter(provider -> provider.availability().here())
            .toList();
    assumeFalse(available.isEmpty(), "no model of this module is available on this machine");
    return available;
  }
}
