package iomodels.cli.options;

import iomodels.server.spi.ServerProvider;
import java.util.Iterator;

/** The names of all models, which a shell can complete. */
public final class ModelNames implements Iterable<String> {

  @Override
  public Iterator<String> iterator() {
    return ServerProvider.installed().stream().map(model -> model.card().name()).iterator();
  }
}
