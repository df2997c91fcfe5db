package iomodels.site;

import freemarker.cache.StringTemplateLoader;
import freemarker.core.HTMLOutputFormat;
import freemarker.template.Configuration;
import freemarker.template.DefaultObjectWrapper;
import freemarker.template.DefaultObjectWrapperBuilder;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import iomodels.conformance.Rule;
import iomodels.conformance.rules.Rules;
import iomodels.lab.report.Machine;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ReportPage;
import iomodels.lab.report.ScenarioResult;
import iomodels.program.Programs;
import iomodels.server.ModelCard;
import iomodels.site.Commands.Command;
import iomodels.site.Content.Text;
import iomodels.site.Implementation.Group;
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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Generates the pages in one language: collects the data model of each template. */
public final class Pages {

  /** The maximum number of columns side by side. */
  static final int COLUMNS = 5;

  /** The first page plays the traces of these: one thread that blocks, and one that selects. */
  private static final List<String> PLAYED = List.of("blocking-sequential", "nio-selector");

  /** The source file with the contracts of the programs. */
  private static final String CONTRACTS = "core/src/main/java/iomodels/program/Programs.java";

  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> NAMES =
      List.of(
          "layout",
          "commands",
          "index",
          "side-by-side",
          "programs",
          "timeline",
          "table",
          "lab",
          "lab-report",
          "rules",
          "ladder",
          "glossary",
          "document",
          "search",
          "lesson",
          "tutorial",
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
    page(
        "index.html",
        "index",
        Map.of(
            "serverLists",
            serverLists(),
            "played",
            played(),
            "stepperWords",
            json(stepperWords())));
    page("side-by-side.html", "side-by-side", sideBySide());
    page("programs.html", "programs", programs());
    page("timeline.html", "timeline", timeline());
    page("table.html", "table", Map.of("rows", rows(), "machine", machine()));
    page("lab.html", "lab", lab());
    if (site.recorded().lab().isPresent()) {
      page("lab-report.html", "lab-report", report(site.recorded().lab().get().measurements()));
    }
    page("rules.html", "rules", rules());
    page("ladder.html", "ladder", Map.of("stages", new LadderStages(site, words).all()));
    page("glossary.html", "glossary", Map.of("groups", glossary()));
    page(
        "tutorial.html",
        "tutorial",
        Map.of("pieces", new TutorialPage(site, words, new Links(words.language(), 0)).rows()));
    for (Text text : site.content().documents(words.language())) {
      page(
          text.slug() + ".html",
          "document",
          Map.of("text", text, "prose", new Markdown(text.markdown())));
    }
    page("search.html", "search", Map.of());
    folder.writeSearchIndex(words.language(), new SearchIndex(site, words).entries());
    for (int i = 0; i < lessons.size(); i++) {
      page("lessons/%s.html".formatted(lessons.get(i).slug()), "lesson", lesson(i));
    }
    for (Implementation implementation : site.implementations().all()) {
      if (implementation.card().isPresent()) {
        page("models/%s.html".formatted(implementation.id()), "model", model(implementation));
      }
    }
  }

  /** Writes a page for each source file. These pages exist once, not per language. */
  void writeSources(Collection<Source> sources) throws IOException {
    for (Source source : sources) {
      page(
          "source/%s.html".formatted(source.path()),
          "source",
          Map.of("source", source, "commands", commandsOfTwin(source)));
    }
  }

  /** Returns the commands of a Python twin, whose only page is that of its source. */
  private List<Command> commandsOfTwin(Source source) {
    return site.implementations().all().stream()
        .filter(it -> it.page().equals(source.path()) && it.page().endsWith(".py"))
        .findFirst()
        .map(Commands::of)
        .orElse(List.of());
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
    all.put("commandsOf", (Function<Implementation, List<Command>>) Commands::of);
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

  /** Markdown text. It is rendered separately for each page, since its links are relative. */
  private record Markdown(String text) {}

  /** Servers under a heading. */
  public record ServerList(String title, List<Implementation> implementations) {}

  private List<ServerList> serverLists() {
    List<ServerList> serverLists = new ArrayList<>();
    serverLists.add(
        new ServerList(words.of("group.tutorials"), site.implementations().of(Group.TUTORIALS)));
    Map<String, List<Implementation>> byModel = new LinkedHashMap<>();
    for (Implementation implementation : site.implementations().of(Group.MODELS)) {
      ModelCard card = implementation.card().orElseThrow();
      byModel.computeIfAbsent(ioModel(card), _ -> new ArrayList<>()).add(implementation);
    }
    byModel.forEach(
        (title, implementations) -> serverLists.add(new ServerList(title, implementations)));
    serverLists.add(
        new ServerList(words.of("group.python"), site.implementations().of(Group.PYTHON)));
    return serverLists;
  }

  private Map<String, ?> sideBySide() {
    ProgramGrid grid = new ProgramGrid(site, words);
    List<ServerList> serverLists = new ArrayList<>(serverLists());
    serverLists.addAll(grid.serverLists());
    return Map.of(
        "columns",
        COLUMNS,
        "serverLists",
        serverLists,
        "choices",
        grid.choices(),
        "regions",
        JSON.writeValueAsString(regions()));
  }

  /** Returns the names of the regions in reading order; unknown regions come last. */
  private Map<String, ?> regions() {
    Map<String, Map<String, String>> regions = new LinkedHashMap<>();
    Map<String, String> known = words.below("region.");
    Stream.concat(
            known.keySet().stream().filter(it -> !it.contains(".")),
            site.implementations().all().stream().flatMap(it -> it.steps().stream()))
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
    List<Implementation> traced = new ArrayList<>(site.implementations().all());
    // Traces use a client schedule for servers; programs have other protocols.
    traced.removeIf(it -> it.group() == Group.PROGRAMS);
    for (Implementation implementation : traced) {
      Optional<Trace> trace = site.recorded().trace(implementation.file());
      servers.add(
          Map.of(
              "name", implementation.file(),
              "title", implementation.id(),
              "group", implementation.group().name().toLowerCase(Locale.ROOT),
              "trace", trace.flatMap(Trace::json).isPresent(),
              "problem", trace.map(Trace::problem).orElse("")));
    }
    return Map.of(
        "servers",
        json(servers),
        "timelineWords",
        json(words.below("timeline.")),
        "stepperWords",
        json(stepperWords()));
  }

  /** Returns the servers that the first page plays, separated by commas; empty without a trace. */
  private String played() {
    return PLAYED.stream()
        .filter(it -> site.recorded().trace(it).flatMap(Trace::json).isPresent())
        .collect(Collectors.joining(","));
  }

  /** Returns the texts of the stepper: its own, and those that it shares with other pages. */
  private Map<String, String> stepperWords() {
    Map<String, String> texts = new LinkedHashMap<>(words.below("stepper."));
    words.below("timeline.unit.").forEach((key, text) -> texts.put("unit." + key, text));
    words.below("timeline.event.").forEach((key, text) -> texts.put("event." + key, text));
    Implementation.REGIONS.forEach(it -> texts.put("region." + it, words.of("region." + it)));
    return texts;
  }

  /** Serialises a value as JSON that is safe inside a script element. */
  private static String json(Object value) {
    return JSON.writeValueAsString(value).replace("<", "\\u003c");
  }

  /** A model's row in the table. */
  public record Row(
      Implementation implementation,
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
    return site.implementations().of(Group.MODELS).stream().map(this::row).toList();
  }

  private Row row(Implementation implementation) {
    ModelCard card = implementation.card().orElseThrow();
    Recorded recorded = site.recorded();
    String id = implementation.id();
    Optional<Trace> trace =
        recorded.trace(implementation.file()).filter(it -> it.json().isPresent());
    return new Row(
        implementation,
        card,
        ioModel(card),
        words.of("notification." + card.notification().name()),
        words.of("threading." + card.threading().name()),
        implementation.linesOfCode(),
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

  /** A figure, and whether it was measured without caveats. */
  public record LabCell(String text, boolean clean) {}

  private Map<String, ?> lab() {
    Optional<Lab> recorded = site.recorded().lab();
    if (recorded.isEmpty()) {
      return Map.of("measured", false);
    }
    Lab lab = recorded.get();
    List<ScenarioResult> scenarios = lab.loads();
    List<LabRow> rows =
        site.implementations().of(Group.MODELS).stream()
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

  /** Returns the parts of the lab's report, with its texts in the language of the page. */
  private Map<String, ?> report(Measurements measurements) throws IOException {
    Map<String, Object> texts = new LinkedHashMap<>(site.content().reportWords(words.language()));
    Map<String, String> claims = new LinkedHashMap<>();
    measurements
        .claims()
        .forEach(it -> claims.put(it.id(), words.translated("claim", it.id(), it.claim())));
    Map<String, String> scenarios = new LinkedHashMap<>();
    measurements
        .scenarios()
        .forEach(
            it -> scenarios.put(it.name(), words.translated("scenario", it.name(), it.words())));
    texts.put("claims", claims);
    texts.put("scenarios", scenarios);
    return Map.of(
        "skeleton", ReportPage.part("report-skeleton.html"),
        "reportWords", ReportPage.json(texts),
        "measurements", ReportPage.json(measurements));
  }

  /** A scenario with a model's figure. */
  public record LabFigure(ScenarioResult scenario, LabCell cpu) {}

  private List<LabFigure> labFigures(Implementation implementation) {
    List<LabFigure> figures = new ArrayList<>();
    site.recorded()
        .lab()
        .ifPresent(
            lab ->
                lab.loads()
                    .forEach(it -> figures.add(new LabFigure(it, cell(lab, implementation, it)))));
    figures.removeIf(it -> it.cpu().text().equals(Lab.NOTHING));
    return figures;
  }

  private static LabCell cell(Lab lab, Implementation implementation, ScenarioResult scenario) {
    return new LabCell(
        lab.shown(implementation.id(), scenario.name(), "cpu"),
        lab.isClean(implementation.id(), scenario.name()));
  }

  /** Describes the machine on which the costs were measured, or says that they were not. */
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

  /** A section of the contract. */
  public record RuleSection(int number, List<RuleRow> rules) {}

  private Map<String, ?> rules() {
    Map<Integer, List<RuleRow>> sections = new LinkedHashMap<>();
    rulesWithWrongServers()
        .forEach(
            it -> sections.computeIfAbsent(it.rule().section(), _ -> new ArrayList<>()).add(it));
    Map<String, List<Rule>> programRules = new LinkedHashMap<>();
    Programs.all().forEach(it -> programRules.put(it.name(), Rules.of(it)));
    return Map.of(
        "sections",
        sections.entrySet().stream()
            .map(it -> new RuleSection(it.getKey(), it.getValue()))
            .toList(),
        "programRules",
        programRules);
  }

  /** A rule with the wrong servers that break it. */
  public record RuleRow(Rule rule, List<WrongRow> wrong, long kept, long broken, long skipped) {}

  /** A wrong server with the models that are prone to its fault. */
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
    return site.implementations().of(Group.MODELS).stream()
        .filter(it -> site.recorded().verdict(it.id(), rule.id()).equals(verdict))
        .count();
  }

  /** The kit's finding about a wrong server, and the difference to the correct code. */
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
  public record Terms(String id, String title, List<Term> terms) {}

  private List<Terms> glossary() {
    Map<String, List<Term>> groups = new LinkedHashMap<>();
    site.content()
        .glossary()
        .forEach(it -> groups.computeIfAbsent(it.group(), _ -> new ArrayList<>()).add(it));
    List<Terms> named = new ArrayList<>();
    groups.forEach(
        (group, terms) -> named.add(new Terms(group, words.of("glossary." + group), terms)));
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

  private Map<String, ?> model(Implementation implementation) throws IOException {
    ModelCard card = implementation.card().orElseThrow();
    String language = words.language();
    Notes notes = site.content().notes(implementation.id());
    Map<String, Object> values = new HashMap<>();
    values.put("implementation", implementation);
    values.put("card", card);
    values.put("row", row(implementation));
    values.put(
        "diagram",
        notes.diagram() == null
            ? ""
            : PhaseDiagram.svg(implementation.id(), notes.diagram(), words::of));
    values.put("pairs", notes.words() == null ? List.of() : notes.words());
    values.put("related", related(implementation));
    values.put(
        "pitfalls",
        site.pitfalls(implementation.id()).stream()
            .map(it -> new PitfallRow(it.in(language), broken(it.server())))
            .toList());
    values.put(
        "prose",
        new Markdown(
            site.content().model(language, implementation.id()).map(Text::markdown).orElse("")));
    Optional<Trace> trace = site.recorded().trace(implementation.file());
    values.put("hasTrace", trace.flatMap(Trace::json).isPresent());
    values.put("traceProblem", trace.map(Trace::problem).orElse(""));
    values.put("findings", findings(implementation.id()));
    values.put("machine", machine());
    values.put("labFigures", labFigures(implementation));
    values.put(
        "lessonsAbout",
        lessons.stream().filter(it -> it.models().contains(implementation.id())).toList());
    return values;
  }

  private List<String> related(Implementation implementation) {
    List<String> related = site.content().notes(implementation.id()).related();
    return related == null
        ? List.of()
        : related.stream().map(it -> site.implementation(it).id()).toList();
  }

  /** The kit's verdict on a model for one rule. */
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
    // FreeMarker cannot read resources of this module: load the templates here.
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
