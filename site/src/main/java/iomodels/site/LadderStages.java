package iomodels.site;

import iomodels.conformance.Rule;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Language;
import iomodels.wrong.ladder.Passage;
import iomodels.wrong.ladder.Stage;
import iomodels.wrong.ladder.StageText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** The stages of the ladder in one language, for the site page about it. */
public final class LadderStages {

  private final StudySite site;
  private final Language language;
  private final Prose prose = new Prose();

  LadderStages(StudySite site, Words words) {
    this.site = site;
    this.language = Language.valueOf(words.language().toUpperCase(Locale.ROOT));
  }

  /**
   * A stage.
   *
   * @param command the command that judges a server by it
   * @param html renders the Markdown of a section
   */
  public record View(
      Stage stage,
      StageText text,
      String command,
      List<Rule> rules,
      List<Place> places,
      Function<StageText.Part, String> html) {}

  /** A region of a source file. */
  public record Place(Passage passage, String source, int line) {}

  List<View> all() throws IOException {
    List<View> all = new ArrayList<>();
    for (Stage stage : Ladder.stages()) {
      all.add(
          new View(
              stage,
              stage.text(language),
              "learn %s --exec 'COMMAND %s'"
                  .formatted(stage.name(), String.join(" ", stage.placeholders())),
              stage.rules().stream().map(site::rule).toList(),
              places(stage),
              part -> prose.html(part.markdown(), LadderStages::refuse)));
    }
    return all;
  }

  private List<Place> places(Stage stage) throws IOException {
    List<Place> places = new ArrayList<>();
    for (Passage passage : stage.passages()) {
      String source = site.sourcePath(passage.file());
      int line =
          passage
              .line(site.project())
              .orElseThrow(() -> new IOException("there is no region " + passage));
      places.add(new Place(passage, source, line));
    }
    return places;
  }

  /** The texts are printed by the command as well, which has no directives. */
  private static String refuse(List<String> directive) {
    throw new IllegalArgumentException("a directive in a text of the ladder: " + directive);
  }
}
