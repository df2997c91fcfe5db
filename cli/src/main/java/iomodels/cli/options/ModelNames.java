package iomodels.cli.options;

import iomodels.cli.lookup.ServerNames;
import java.util.Iterator;

/** The names of all models, tutorials and wrong servers, which a shell can complete. */
public final class ModelNames implements Iterable<String> {

  @Override
  public Iterator<String> iterator() {
    return ServerNames.all().iterator();
  }
}
