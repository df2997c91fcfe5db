package iomodels.cli.options;

import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Stage;
import java.util.Iterator;

/** The names of the stages, for completion in a shell. */
public final class StageNames implements Iterable<String> {

  /** For picocli. */
  public StageNames() {}

  @Override
  public Iterator<String> iterator() {
    return Ladder.stages().stream().map(Stage::name).iterator();
  }
}
