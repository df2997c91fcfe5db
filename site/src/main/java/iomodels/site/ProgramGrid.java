package iomodels.site;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Rule;
import iomodels.conformance.rules.Rules;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.site.Content.Text;
import iomodels.site.Implementation.Group;
import iomodels.site.Implementation.StyledProgram;
import iomodels.site.Pages.ServerList;
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

/** The programs in all styles, described in one language. */
public final class ProgramGrid {

  /** What the names of styles in Python begin with. */
  static final String PYTHON = "python:";

  private static final Pattern COUNTERPART = Pattern.compile("Java counterpart: ([\\w-]+)");

  /** The number of columns in which few lines wrap. */
  private static final int LEGIBLE = 3;

  private final StudySite site;
  private final Words words;

  /** Names of the styles in this language, in reading order. */
  private final Map<String, String> names;

  /** By style, and then by program. */
  private final Map<String, Map<String, Implementation>> implementations = new LinkedHashMap<>();

  ProgramGrid(StudySite site, Words words) {
    this.site = site;
    this.words = words;
    names = words.below("style.");
    List<Implementation> all = site.implementations().of(Group.PROGRAMS);
    List<String> found = all.stream().map(it -> styledProgram(it).style()).toList();
    // Styles without a name in this language come last.
    Stream.concat(names.keySet().stream().filter(found::contains), found.stream())
        .forEach(it -> implementations.putIfAbsent(it, new LinkedHashMap<>()));
    for (Implementation implementation : all) {
      StyledProgram styledProgram = styledProgram(implementation);
      implementations
          .computeIfAbsent(styledProgram.style(), _ -> new LinkedHashMap<>())
          .put(styledProgram.program().name(), implementation);
    }
  }

  private static StyledProgram styledProgram(Implementation implementation) {
    return implementation.styledProgram().orElseThrow();
  }

  /** Returns the implementations of a program, in the order of their styles. */
  private List<Implementation> of(Program program) {
    return implementations.values().stream()
        .flatMap(it -> Stream.ofNullable(it.get(program.name())))
        .toList();
  }

  /** Returns the implementations of each program under a heading. */
  List<ServerList> serverLists() {
    return Programs.all().stream()
        .map(it -> new ServerList(words.of("group.program", it), of(it)))
        .filter(it -> !it.implementations().isEmpty())
        .toList();
  }

  /** A link to a choice of columns, with its text. */
  public record Choice(String columns, String text) {}

  /** Returns a choice for each program, with as many styles as there are columns. */
  List<Choice> choices() {
    return Programs.all().stream()
        .filter(it -> !of(it).isEmpty())
        .map(it -> new Choice(columns(of(it)), words.of("side.preset.program", it)))
        .toList();
  }

  private static String columns(List<Implementation> implementations) {
    return String.join(
        ",",
        implementations.stream().map(Implementation::id).distinct().limit(Pages.COLUMNS).toList());
  }

  /** A style with its programs by name. */
  public record Row(String style, String name, String summary, Map<String, Cell> cells) {}

  /**
   * A program in a style.
   *
   * @param columns the ids of this program and of the one in the next style
   * @param threads a description of its threads; may be empty
   * @param judged the kit's result, or {@code null} if none is recorded
   */
  public record Cell(
      Implementation implementation, String columns, String threads, @Nullable Judged judged) {}

  /** Returns a row for each style. */
  List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    implementations.forEach(
        (style, programs) -> {
          Map<String, Cell> cells = new LinkedHashMap<>();
          programs.forEach((program, implementation) -> cells.put(program, cell(implementation)));
          // A twin's summary describes one program, not the style.
          Optional<Implementation> described =
              programs.values().stream().filter(_ -> !style.startsWith(PYTHON)).findFirst();
          String summary = described.map(words::summary).orElse("");
          rows.add(new Row(style, names.getOrDefault(style, style), summary, cells));
        });
    return rows;
  }

  private Cell cell(Implementation implementation) {
    StyledProgram styledProgram = styledProgram(implementation);
    List<Implementation> all = of(styledProgram.program());
    Implementation next = all.get((all.indexOf(implementation) + 1) % all.size());
    return new Cell(
        implementation,
        columns(List.of(implementation, next)),
        words.translated("threads", styledProgram.threads(), styledProgram.threads()),
        site.recorded().judged(styledProgram).orElse(null));
  }

  /**
   * The section of the page about one program.
   *
   * @param title a short description; may be empty
   * @param summary its contract in short
   * @param prose HTML about what its styles teach; may be empty
   * @param choices links to columns side by side
   * @param implementations its pages in all styles
   * @param outside third-party servers, with the kit's verdicts
   */
  public record Section(
      Program program,
      String title,
      String summary,
      String prose,
      List<Choice> choices,
      List<Implementation> implementations,
      List<OutsideServers.Outside> outside,
      List<Rule> rules) {}

  /** Returns a section for each program. */
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
              of(program),
              site.recorded().outside(program),
              Rules.of(program)));
    }
    return sections;
  }

  private List<Choice> choices(Program program) {
    List<Choice> choices = new ArrayList<>();
    List<Implementation> twins = new ArrayList<>(of(program));
    List<Implementation> ours = new ArrayList<>(of(program));
    twins.removeIf(it -> !styledProgram(it).style().startsWith(PYTHON));
    ours.removeAll(twins);
    if (!ours.isEmpty()) {
      choices.add(new Choice(columns(ours), words.of("programs.all", ours.size())));
    }
    if (ours.size() > LEGIBLE) {
      for (List<Implementation> some :
          List.of(ours.subList(0, LEGIBLE), ours.subList(ours.size() - LEGIBLE, ours.size()))) {
        choices.add(new Choice(columns(some), names(some)));
      }
    }
    if (!twins.isEmpty()) {
      List<Implementation> both = twins.stream().flatMap(it -> withCounterpart(it, ours)).toList();
      choices.add(new Choice(columns(both), words.of("programs.with-python")));
    }
    return choices;
  }

  /** Returns a twin and its Java counterpart, which the twin's first comment names. */
  private static Stream<Implementation> withCounterpart(
      Implementation twin, List<Implementation> ours) {
    String about = String.join(" ", twin.sources().getFirst().about());
    Matcher counterpart = COUNTERPART.matcher(about);
    String style = counterpart.find() ? counterpart.group(1) : "";
    return Stream.concat(
        Stream.of(twin), ours.stream().filter(it -> styledProgram(it).style().equals(style)));
  }

  private String names(List<Implementation> some) {
    return some.stream()
        .map(it -> styledProgram(it).style())
        .map(it -> names.getOrDefault(it, it))
        .collect(joining(words.of("site.comma")));
  }
}
