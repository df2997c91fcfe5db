package iomodels.site;

import iomodels.site.Commands.Command;
import iomodels.site.Recorded.Judged;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The data of the page that leads from a tutorial to the servers of this project. */
final class TutorialPage {

  /** The client of the command {@code connect}. */
  private static final String CLIENT = "cli/src/main/java/iomodels/cli/connect/ClientSession.java";

  private final StudySite site;
  private final Words words;
  private final Links links;

  TutorialPage(StudySite site, Words words, Links links) {
    this.site = site;
    this.words = words;
    this.links = links;
  }

  /**
   * A server or a client.
   *
   * @param judged the kit's result, or {@code null} if none is recorded
   * @param details the address where the result is shown rule by rule; may be empty
   */
  public record Judgeable(
      String name, String url, List<Command> commands, @Nullable Judged judged, String details) {}

  /** A piece of the tutorial; its lesson may be {@code null}. */
  public record Row(
      String id,
      String title,
      String shows,
      List<Judgeable> java,
      List<Judgeable> python,
      Content.@Nullable Text lesson) {

    /** Returns all servers of the row. */
    public List<Judgeable> all() {
      List<Judgeable> all = new ArrayList<>(java);
      all.addAll(python);
      return all;
    }
  }

  /** Returns a row for each piece, in the order of the tutorial. */
  List<Row> rows() throws IOException {
    List<Content.Text> lessons = site.content().lessons(words.language());
    List<Row> rows = new ArrayList<>();
    for (TutorialPiece piece : site.content().tutorial()) {
      List<Judgeable> java = servers(piece.java());
      List<Judgeable> python = servers(piece.python());
      if (piece.client() != null) {
        java.add(client("connect", CLIENT, Commands.ofClient(), "connect"));
        String name = piece.client().replaceFirst(".*/", "");
        String recording =
            Implementation.file(
                "python:" + piece.client().replaceFirst("^python-twins/(.*)\\.py$", "$1"));
        python.add(client(name, piece.client(), Commands.ofClient(piece.client()), recording));
      }
      String language = words.language();
      rows.add(
          new Row(
              piece.id(),
              piece.title().in(language),
              piece.shows().in(language),
              java,
              python,
              lesson(lessons, piece.lesson())));
    }
    return rows;
  }

  private static Content.@Nullable Text lesson(List<Content.Text> lessons, @Nullable String slug) {
    if (slug == null) {
      return null;
    }
    return lessons.stream()
        .filter(it -> it.slug().equals(slug))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("unknown lesson '%s'".formatted(slug)));
  }

  private List<Judgeable> servers(@Nullable List<String> ids) {
    List<Judgeable> servers = new ArrayList<>();
    for (String id : ids == null ? List.<String>of() : ids) {
      servers.add(server(site.implementation(id)));
    }
    return servers;
  }

  private Judgeable server(Implementation implementation) {
    boolean hasPage = implementation.card().isPresent();
    boolean isTwin = implementation.page().endsWith(".py");
    String page = hasPage ? links.model(implementation.id()) : links.source(implementation.page());
    String program =
        implementation.styledProgram().map(it -> links.program(it.program().name())).orElse("");
    Optional<Judged> judged =
        implementation
            .styledProgram()
            .flatMap(it -> site.recorded().judged(it))
            .or(() -> site.recorded().judged(implementation.file()));
    return new Judgeable(
        implementation.id(),
        program.isEmpty() || isTwin ? page : program,
        Commands.of(implementation),
        judged.orElse(null),
        hasPage ? page + "#kit" : program);
  }

  private Judgeable client(String name, String file, List<Command> commands, String recording) {
    return new Judgeable(
        name,
        links.source(site.sourcePath(file)),
        commands,
        site.recorded().judged(recording).orElse(null),
        "");
  }
}
