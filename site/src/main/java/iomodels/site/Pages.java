package iomodels.site;

import freemarker.cache.StringTemplateLoader;
import freemarker.core.HTMLOutputFormat;
import freemarker.template.Configuration;
import freemarker.template.DefaultObjectWrapper;
import freemarker.template.DefaultObjectWrapperBuilder;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import iomodels.conformance.Rule;
import iomodels.lab.report.Machine;
import iomodels.lab.report.ScenarioResult;
import iomodels.server.ModelCard;
import iomodels.site.Content.Text;
import iomodels.site.Exhibit.Group;
import iomodels.site.Recorded.Trace;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The pages in one language: what each template is given. */
public final class Pages {

  /** How many can be laid side by side. */
  static final int COLUMNS = 5;

  /** Where it is written what the programs have to do. */
  private static final String CONTRACTS = "core/src/main/java/iomodels/program/Programs.java";

  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> NAMES =
      List.of(
          "layout",
          "index",
          "side-by-side",
          "programs",
          "timeline",
          "table",
          "lab",
          "rules",
          "glossary",
          "lesson",
          "model",
          "source");

  private static final Configuration TEMPLATES = templates();

  private final StudySite site;
  private final Words words;
  private final SiteFolder folder;
  private final Prose prose = new Prose();
  private final List<Text> lessons;

  Pages(StudySite site, Words words, SiteFolder folder) throws IOException {
    this.site = site;
    this.words = words;
    this.folder = folder;
    lessons = site.content().lessons(words.language());
  }

  void write() throws IOException {
    page("index.html", "index", Map.of("shelves", shelves()));
    page("side-by-side.html", "side-by-side", sideBySide());
    page("programs.html", "programs", programs());
    page("timeline.html", "timeline", timeline());
    page("table.html", "table", Map.of("rows", rows(), "machine", machine()));
    page("lab.html", "lab", lab());
    page("rules.html", "rules", Map.of("rules", rulesWithWrongServers()));
    page("glossary.html", "glossary", Map.of("groups", glossary()));
    for (int i = 0; i < lessons.size(); i++) {
      page("lessons/%s.html".formatted(lessons.get(i).slug()), "lesson", lesson(i));
    }
    for (Exhibit exhibit : site.exhibits().all()) {
      if (exhibit.card().isPresent()) {
        page("models/%s.html".formatted(exhibit.id()), "model", model(exhibit));
      }
    }
  }

  /** The whole files, which are of no language. */
  void writeSources(Collection<Source> sources) throws IOException {
    for (Source source : sources) {
      page("source/%s.html".formatted(source.path()), "source", Map.of("source", source));
    }
  }

  private void page(String path, String template, Map<String, ?> values) throws IOException {
    int depth = (int) path.chars().filter(it -> it == '/').count();
    Links links = new Links(words.language(), depth);
    Map<String, Object> all = new HashMap<>(values);
    all.put("lang", words.language());
    all.put("words", words.all());
    all.put("language", words);
    all.put("links", links);
    all.put("path", path);
    all.put("lessons", lessons);
    all.put("inline", (Function<String, String>) CodeMarkup::inline);
    StringWriter html = new StringWriter();
    try {
      for (Map.Entry<String, ?> each : values.entrySet()) {
        if (each.getValue() instanceof Markdown markdown) {
          all.put(
              each.getKey(), prose.html(markdown.text(), new LiveDirectives(site, words, links)));
        }
      }
      TEMPLATES.getTemplate(template + ".ftlh").process(all, html);
    } catch (TemplateException | IllegalArgumentException e) {
      throw new IOException("%s in %s: %s".formatted(path, words.language(), e.getMessage()), e);
    }
    String root = words.language().equals("en") ? "" : words.language() + "/";
    folder.writePage(root + path, html.toString());
  }

  /** Text that is made into HTML for the page that it is on, whose links are relative. */
  private record Markdown(String text) {}

  /** A shelf: servers under a heading. */
  public record Shelf(String title, List<Exhibit> exhibits) {}

  private List<Shelf> shelves() {
    List<Shelf> shelves = new ArrayList<>();
    shelves.add(new Shelf(words.of("group.tutorials"), site.exhibits().of(Group.TUTORIALS)));
    Map<String, List<Exhibit>> byModel = new LinkedHashMap<>();
    for (Exhibit exhibit : site.exhibits().of(Group.MODELS)) {
      ModelCard card = exhibit.card().orElseThrow();
      byModel.computeIfAbsent(ioModel(card), _ -> new ArrayList<>()).add(exhibit);
    }
    byModel.forEach((title, exhibits) -> shelves.add(new Shelf(title, exhibits)));
    shelves.add(new Shelf(words.of("group.python"), site.exhibits().of(Group.PYTHON)));
    return shelves;
  }

  private Map<String, ?> sideBySide() {
    ProgramGrid grid = new ProgramGrid(site, words);
    List<Shelf> shelves = new ArrayList<>(shelves());
    shelves.addAll(grid.shelves());
    return Map.of(
        "columns",
        COLUMNS,
        "shelves",
        shelves,
        "choices",
        grid.choices(),
        "regions",
        JSON.writeValueAsString(regions()));
  }

  /** What the steps are called, in the order in which they are read; new ones come last. */
  private Map<String, ?> regions() {
    Map<String, Map<String, String>> regions = new LinkedHashMap<>();
    Map<String, String> known = words.below("region.");
    Stream.concat(
            known.keySet().stream().filter(it -> !it.contains(".")),
            site.exhibits().all().stream().flatMap(it -> it.steps().stream()))
        .forEach(
            region ->
                regions.putIfAbsent(
                    region,
                    Map.of(
                        "name", known.getOrDefault(region, region),
                        "what", known.getOrDefault(region + ".what", ""))));
    return regions;
  }

  private Map<String, ?> programs() throws IOException {
    ProgramGrid grid = new ProgramGrid(site, words);
    return Map.of(
        "contracts",
        site.sourcePath(CONTRACTS),
        "rows",
        grid.rows(),
        "sections",
        grid.sections(prose, new LiveDirectives(site, words, new Links(words.language(), 0))));
  }

  private String ioModel(ModelCard card) {
    return words.of("io-model." + card.ioModel().name());
  }

  private Map<String, ?> timeline() {
    List<Map<String, Object>> servers = new ArrayList<>();
    List<Exhibit> traced = new ArrayList<>(site.exhibits().all());
    traced.removeIf(
        it -> it.group() == Group.PROGRAMS); // The timetable of the clients is not theirs.
    for (Exhibit exhibit : traced) {
      Optional<Trace> trace = site.recorded().trace(exhibit.file());
      servers.add(
          Map.of(
              "name", exhibit.file(),
              "title", exhibit.id(),
              "group", exhibit.group().name().toLowerCase(Locale.ROOT),
              "trace", trace.flatMap(Trace::json).isPresent(),
              "problem", trace.map(Trace::problem).orElse("")));
    }
    return Map.of("servers", json(servers), "timelineWords", json(words.below("timeline.")));
  }

  /** JSON that may stand in a script element. */
  private static String json(Object value) {
    return JSON.writeValueAsString(value).replace("<", "\\u003c");
  }

  /** A model, as the table has it. */
  public record Row(
      Exhibit exhibit,
      ModelCard card,
      String ioModel,
      String notification,
      String threading,
      long lines,
      String kept,
      String broken,
      String skipped,
      String messages,
      String cpu,
      String p50,
      String p99,
      String calls,
      String inVain) {}

  private List<Row> rows() {
    return site.exhibits().of(Group.MODELS).stream().map(this::row).toList();
  }

  private Row row(Exhibit exhibit) {
    ModelCard card = exhibit.card().orElseThrow();
    Recorded recorded = site.recorded();
    String id = exhibit.id();
    Optional<Trace> trace = recorded.trace(exhibit.file()).filter(it -> it.json().isPresent());
    return new Row(
        exhibit,
        card,
        ioModel(card),
        words.of("notification." + card.notification().name()),
        words.of("threading." + card.threading().name()),
        exhibit.linesOfCode(),
        recorded.count(id, "KEPT"),
        recorded.count(id, "BROKEN"),
        recorded.count(id, "SKIPPED"),
        recorded.shown(id, "msgs"),
        recorded.shown(id, "cpu"),
        recorded.shown(id, "p50"),
        recorded.shown(id, "p99"),
        trace.map(it -> String.valueOf(it.calls())).orElse("–"),
        trace.map(it -> String.valueOf(it.ofKind("ask"))).orElse("–"));
  }

  /** A model's processor time in each scenario. */
  public record LabRow(String model, List<LabCell> cells) {}

  /** A figure, and whether nothing speaks against it. */
  public record LabCell(String text, boolean clean) {}

  private Map<String, ?> lab() {
    Optional<Lab> recorded = site.recorded().lab();
    if (recorded.isEmpty()) {
      return Map.of("measured", false);
    }
    Lab lab = recorded.get();
    List<ScenarioResult> scenarios = lab.loads();
    List<LabRow> rows =
        site.exhibits().of(Group.MODELS).stream()
            .map(
                it ->
                    new LabRow(
                        it.id(), scenarios.stream().map(each -> cell(lab, it, each)).toList()))
            .toList();
    Machine machine = lab.measurements().machine();
    return Map.of(
        "measured",
        true,
        "claims",
        lab.measurements().claims(),
        "scenarios",
        scenarios,
        "labRows",
        rows,
        "machine",
        words.of("table.machine", machine.processors(), machine.java(), machine.system()));
  }

  /** A scenario, and what a model did there. */
  public record LabFigure(ScenarioResult scenario, LabCell cpu) {}

  private List<LabFigure> labFigures(Exhibit exhibit) {
    List<LabFigure> figures = new ArrayList<>();
    site.recorded()
        .lab()
        .ifPresent(
            lab ->
                lab.loads().forEach(it -> figures.add(new LabFigure(it, cell(lab, exhibit, it)))));
    figures.removeIf(it -> it.cpu().text().equals(Lab.NOTHING));
    return figures;
  }

  private static LabCell cell(Lab lab, Exhibit exhibit, ScenarioResult scenario) {
    return new LabCell(
        lab.shown(exhibit.id(), scenario.name(), "cpu"),
        lab.isClean(exhibit.id(), scenario.name()));
  }

  /** Where the costs were measured, in words; nothing if they were not. */
  private String machine() {
    return site.recorded()
        .comparison()
        .map(
            it ->
                words.of(
                    "table.machine",
                    it.path("processors").asString("?"),
                    it.path("java").asString(""),
                    it.path("system").asString("")))
        .orElse(words.of("table.not-measured"));
  }

  /** A rule, and the wrong servers that prove that it is checked. */
  public record RuleRow(Rule rule, List<WrongRow> wrong, long kept, long broken, long skipped) {}

  /** A wrong server, and the models that are prone to its fault. */
  public record WrongRow(WrongServer server, Broken broken, List<String> prone) {}

  private List<RuleRow> rulesWithWrongServers() {
    List<RuleRow> rows = new ArrayList<>();
    for (Rule rule : site.rules().values()) {
      List<WrongRow> wrong =
          WrongServers.all().stream()
              .filter(it -> it.rule().equals(rule.id()))
              .map(it -> new WrongRow(it, broken(it.name()), site.proneTo(it.name())))
              .toList();
      rows.add(
          new RuleRow(
              rule,
              wrong,
              verdicts(rule, "KEPT"),
              verdicts(rule, "BROKEN"),
              verdicts(rule, "SKIPPED")));
    }
    return rows;
  }

  private long verdicts(Rule rule, String verdict) {
    return site.exhibits().of(Group.MODELS).stream()
        .filter(it -> site.recorded().verdict(it.id(), rule.id()).equals(verdict))
        .count();
  }

  /** What the kit said of a wrong server, and how its code differs from the correct code. */
  public record Broken(WrongCode code, Rule rule, String detail, List<String> transcript) {}

  private Broken broken(String server) {
    WrongCode code = site.wrongCode(server);
    Optional<JsonNode> finding = site.recorded().brokenBy(server);
    List<String> transcript = new ArrayList<>();
    finding.ifPresent(it -> it.path("transcript").forEach(line -> transcript.add(line.asString())));
    String detail = finding.map(it -> it.path("detail").asString("")).orElse("");
    return new Broken(code, site.rule(code.rule()), detail, transcript);
  }

  /** A group of the glossary. */
  public record Terms(String title, List<Term> terms) {}

  private List<Terms> glossary() {
    Map<String, List<Term>> groups = new LinkedHashMap<>();
    site.content()
        .glossary()
        .forEach(it -> groups.computeIfAbsent(it.group(), _ -> new ArrayList<>()).add(it));
    List<Terms> named = new ArrayList<>();
    groups.forEach((group, terms) -> named.add(new Terms(words.of("glossary." + group), terms)));
    return named;
  }

  private Map<String, ?> lesson(int index) {
    Text text = lessons.get(index);
    Map<String, Object> values = new HashMap<>();
    values.put("lesson", text);
    values.put("number", index + 1);
    values.put("prose", new Markdown(text.markdown()));
    if (index > 0) {
      values.put("previous", lessons.get(index - 1));
    }
    if (index + 1 < lessons.size()) {
      values.put("next", lessons.get(index + 1));
    }
    return values;
  }

  /** A pitfall on a model's page. */
  public record PitfallRow(String why, Broken broken) {}

  private Map<String, ?> model(Exhibit exhibit) throws IOException {
    ModelCard card = exhibit.card().orElseThrow();
    String language = words.language();
    Notes notes = site.content().notes(exhibit.id());
    Map<String, Object> values = new HashMap<>();
    values.put("exhibit", exhibit);
    values.put("card", card);
    values.put("row", row(exhibit));
    values.put("tutorial", exhibit.group() == Group.TUTORIALS);
    values.put(
        "diagram",
        notes.diagram() == null ? "" : PhaseDiagram.svg(exhibit.id(), notes.diagram(), words::of));
    values.put("pairs", notes.words() == null ? List.of() : notes.words());
    values.put("related", related(exhibit));
    values.put(
        "pitfalls",
        site.pitfalls(exhibit.id()).stream()
            .map(it -> new PitfallRow(it.in(language), broken(it.server())))
            .toList());
    values.put(
        "prose",
        new Markdown(site.content().model(language, exhibit.id()).map(Text::markdown).orElse("")));
    Optional<Trace> trace = site.recorded().trace(exhibit.file());
    values.put("hasTrace", trace.flatMap(Trace::json).isPresent());
    values.put("traceProblem", trace.map(Trace::problem).orElse(""));
    values.put("findings", findings(exhibit.id()));
    values.put("machine", machine());
    values.put("labFigures", labFigures(exhibit));
    values.put(
        "lessonsAbout", lessons.stream().filter(it -> it.models().contains(exhibit.id())).toList());
    return values;
  }

  private List<String> related(Exhibit exhibit) {
    List<String> related = site.content().notes(exhibit.id()).related();
    return related == null ? List.of() : related.stream().map(it -> site.exhibit(it).id()).toList();
  }

  /** What the kit found of a model, rule by rule. */
  public record FindingRow(Rule rule, String verdict, String detail) {}

  private List<FindingRow> findings(String model) {
    List<FindingRow> rows = new ArrayList<>();
    for (Rule rule : site.rules().values()) {
      String verdict = site.recorded().verdict(model, rule.id());
      if (!verdict.isEmpty()) {
        rows.add(new FindingRow(rule, verdict, site.recorded().detail(model, rule.id())));
      }
    }
    return rows;
  }

  private static Configuration templates() {
    Configuration templates = new Configuration(Configuration.VERSION_2_3_34);
    // The library may not look into this module: the templates are read for it.
    StringTemplateLoader loader = new StringTemplateLoader();
    for (String name : NAMES) {
      try (InputStream in = Pages.class.getResourceAsStream("templates/" + name + ".ftlh")) {
        byte[] text = Objects.requireNonNull(in, name).readAllBytes();
        loader.putTemplate(name + ".ftlh", new String(text, StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    templates.setTemplateLoader(loader);
    templates.setDefaultEncoding("UTF-8");
    templates.setOutputFormat(HTMLOutputFormat.INSTANCE);
    templates.setTemplateExceptionHandler(TemplateExceptionHandler.RETHROW_HANDLER);
    templates.setLogTemplateExceptions(false);
    templates.setNumberFormat("computer");
    DefaultObjectWrapper wrapper =
        new DefaultObjectWrapperBuilder(Configuration.VERSION_2_3_34).build();
    templates.setObjectWrapper(wrapper);
    return templates;
  }
}
