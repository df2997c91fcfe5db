package iomodels.site;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Rule;
import iomodels.conformance.rules.Rules;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.site.Content.Text;
import iomodels.site.Exhibit.Group;
import iomodels.site.Exhibit.Written;
import iomodels.site.Pages.Shelf;
import iomodels.site.Recorded.Judged;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The programs in all their styles, in the words of one language. */
public final class ProgramGrid {

  private static final String PYTHON = "python:";
  private static final Pattern COUNTERPART = Pattern.compile("Java counterpart: ([\\w-]+)");

  /** So many columns have lines that are hardly broken; more of them show what differs in shape. */
  private static final int LEGIBLE = 3;

  private final StudySite site;
  private final Words words;

  /** Styles that have a name in this language, in the order in which they are read. */
  private final Map<String, String> names;

  /** By style, and then by program. */
  private final Map<String, Map<String, Exhibit>> exhibits = new LinkedHashMap<>();

  ProgramGrid(StudySite site, Words words) {
    this.site = site;
    this.words = words;
    names = words.below("style.");
    List<Exhibit> all = site.exhibits().of(Group.PROGRAMS);
    List<String> found = all.stream().map(it -> written(it).style()).toList();
    // Then those that nobody has written of yet.
    Stream.concat(names.keySet().stream().filter(found::contains), found.stream())
        .forEach(it -> exhibits.putIfAbsent(it, new LinkedHashMap<>()));
    for (Exhibit exhibit : all) {
      Written written = written(exhibit);
      exhibits
          .computeIfAbsent(written.style(), _ -> new LinkedHashMap<>())
          .put(written.program().name(), exhibit);
    }
  }

  private static Written written(Exhibit exhibit) {
    return exhibit.written().orElseThrow();
  }

  /** Those of a program, in the order of their styles. */
  private List<Exhibit> of(Program program) {
    return exhibits.values().stream()
        .flatMap(it -> Stream.ofNullable(it.get(program.name())))
        .toList();
  }

  /** A shelf for each program. */
  List<Shelf> shelves() {
    return Programs.all().stream()
        .map(it -> new Shelf(words.of("group.program", it), of(it)))
        .filter(it -> !it.exhibits().isEmpty())
        .toList();
  }

  /** A choice of columns, and what it shows. */
  public record Choice(String columns, String text) {}

  /** For each program, as many of its styles as there are columns. */
  List<Choice> choices() {
    return Programs.all().stream()
        .filter(it -> !of(it).isEmpty())
        .map(it -> new Choice(columns(of(it)), words.of("side.preset.program", it)))
        .toList();
  }

  private static String columns(List<Exhibit> exhibits) {
    return String.join(
        ",", exhibits.stream().map(Exhibit::id).distinct().limit(Pages.COLUMNS).toList());
  }

  /** A style, and its programs by name. */
  public record Row(String style, String name, String summary, Map<String, Cell> cells) {}

  /**
   * A program in a style.
   *
   * @param columns itself, and the next one beside it
   * @param threads what threads it has; empty if nobody says
   * @param judged what the kit found, if that is recorded
   */
  public record Cell(Exhibit exhibit, String columns, String threads, @Nullable Judged judged) {}

  /** A row for each style. */
  List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    exhibits.forEach(
        (style, programs) -> {
          Map<String, Cell> cells = new LinkedHashMap<>();
          programs.forEach((program, exhibit) -> cells.put(program, cell(exhibit)));
          // A twin's sentence is of one program.
          Optional<Exhibit> speaker =
              programs.values().stream().filter(_ -> !style.startsWith(PYTHON)).findFirst();
          String summary = speaker.map(words::summary).orElse("");
          rows.add(new Row(style, names.getOrDefault(style, style), summary, cells));
        });
    return rows;
  }

  private Cell cell(Exhibit exhibit) {
    Written written = written(exhibit);
    List<Exhibit> all = of(written.program());
    Exhibit next = all.get((all.indexOf(exhibit) + 1) % all.size());
    return new Cell(
        exhibit,
        columns(List.of(exhibit, next)),
        words.said("threads", written.threads(), written.threads()),
        site.recorded().judged(written).orElse(null));
  }

  /**
   * What there is to say of a program.
   *
   * @param title what it is
   * @param summary its contract in a few words
   * @param prose what its styles teach, in HTML; empty if nobody has written it
   * @param choices of what can be laid side by side
   */
  public record Section(
      Program program,
      String title,
      String summary,
      String prose,
      List<Choice> choices,
      List<Rule> rules) {}

  /** A section for each program. */
  List<Section> sections(Prose prose, Prose.Directives directives) throws IOException {
    List<Section> sections = new ArrayList<>();
    for (Program program : Programs.all()) {
      Optional<Text> text = site.content().program(words.language(), program.name());
      sections.add(
          new Section(
              program,
              text.map(Text::title).orElse(""),
              text.map(Text::summary).orElse(program.sentence()),
              text.map(it -> prose.html(it.markdown(), directives)).orElse(""),
              choices(program),
              Rules.of(program)));
    }
    return sections;
  }

  private List<Choice> choices(Program program) {
    List<Choice> choices = new ArrayList<>();
    List<Exhibit> twins = new ArrayList<>(of(program));
    List<Exhibit> ours = new ArrayList<>(of(program));
    twins.removeIf(it -> !written(it).style().startsWith(PYTHON));
    ours.removeAll(twins);
    if (!ours.isEmpty()) {
      choices.add(new Choice(columns(ours), words.of("programs.all", ours.size())));
    }
    if (ours.size() > LEGIBLE) {
      for (List<Exhibit> some :
          List.of(ours.subList(0, LEGIBLE), ours.subList(ours.size() - LEGIBLE, ours.size()))) {
        choices.add(new Choice(columns(some), names(some)));
      }
    }
    if (!twins.isEmpty()) {
      List<Exhibit> both = twins.stream().flatMap(it -> withCounterpart(it, ours)).toList();
      choices.add(new Choice(columns(both), words.of("programs.with-python")));
    }
    return choices;
  }

  /** A twin names its counterpart in its first comment. */
  private static Stream<Exhibit> withCounterpart(Exhibit twin, List<Exhibit> ours) {
    String about = String.join(" ", twin.sources().getFirst().about());
    Matcher counterpart = COUNTERPART.matcher(about);
    String style = counterpart.find() ? counterpart.group(1) : "";
    return Stream.concat(
        Stream.of(twin), ours.stream().filter(it -> written(it).style().equals(style)));
  }

  private String names(List<Exhibit> some) {
    return some.stream()
        .map(it -> written(it).style())
        .map(it -> names.getOrDefault(it, it))
        .collect(joining(words.of("site.comma")));
  }
}
