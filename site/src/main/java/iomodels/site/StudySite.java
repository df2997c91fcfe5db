package iomodels.site;

import iomodels.conformance.Rule;
import iomodels.conformance.rules.Rules;
import iomodels.lab.report.ReportPage;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All that the site shows, from the live sources and from what has been recorded. */
final class StudySite {

  static final List<String> LANGUAGES = List.of("en", "zh");

  private final Path project;
  private final Recorded recorded;
  private final Content content;
  private final Exhibits exhibits;
  private final Map<String, WrongCode> wrongCode;
  private final Map<String, Rule> rules = new LinkedHashMap<>();

  /** Every file that has a page, by its path. */
  private final Map<String, Source> sources = new TreeMap<>();

  StudySite(Path project, Recorded recorded) throws IOException {
    this.project = project;
    this.recorded = recorded;
    content = new Content(project.resolve("site/src/main/content"));
    exhibits = Exhibits.of(project);
    wrongCode = WrongSources.read(project);
    Rules.all().forEach(it -> rules.put(it.id(), it));
    exhibits.all().forEach(it -> it.sources().forEach(each -> sources.put(each.path(), each)));
    for (WrongCode each : wrongCode.values()) {
      sourcePath(each.file().toString());
      for (WrongCode.Difference difference : each.differences()) {
        sourcePath(difference.file().toString());
      }
    }
  }

  /** Writes all pages into a folder, in place of what is there, or none; says how many. */
  int write(Path output) throws IOException {
    SiteFolder folder = SiteFolder.in(output);
    try {
      write(folder);
      folder.publish();
    } finally {
      folder.discard();
    }
    return folder.pages();
  }

  private void write(SiteFolder folder) throws IOException {
    folder.copyAssets();
    for (Exhibit exhibit : exhibits.all()) {
      folder.writeCode(exhibit);
    }
    if (recorded.lab().isPresent()) {
      folder.writePage("lab-report.html", ReportPage.of(recorded.lab().get().measurements()));
    }
    for (Recorded.Trace trace : recorded.traces()) {
      folder.writeTrace(trace);
    }
    for (String language : LANGUAGES) {
      new Pages(this, content.words(language), folder).write();
    }
    // Last, since the pages may have asked for more of them.
    new Pages(this, content.words(LANGUAGES.getFirst()), folder).writeSources(sources.values());
  }

  Recorded recorded() {
    return recorded;
  }

  Content content() {
    return content;
  }

  Exhibits exhibits() {
    return exhibits;
  }

  Map<String, Rule> rules() {
    return rules;
  }

  /** The pitfalls of a model; none if nobody has written of them. */
  List<Notes.Pitfall> pitfalls(String model) {
    List<Notes.Pitfall> pitfalls = content.notes(model).pitfalls();
    return pitfalls == null ? List.of() : pitfalls;
  }

  /** The models that are prone to a wrong server's fault. */
  List<String> proneTo(String wrongServer) {
    List<String> models = new ArrayList<>();
    for (Exhibit exhibit : exhibits.all()) {
      if (pitfalls(exhibit.id()).stream().anyMatch(it -> it.server().equals(wrongServer))) {
        models.add(exhibit.id());
      }
    }
    return models;
  }

  WrongCode wrongCode(String server) {
    return found(wrongCode.get(server), "wrong server", server);
  }

  Exhibit exhibit(String id) {
    return exhibits.named(id).orElseThrow(() -> new IllegalArgumentException("no server " + id));
  }

  Rule rule(String id) {
    return found(rules.get(id), "rule", id);
  }

  String wrongServer(String name) {
    return WrongServers.named(name)
        .map(WrongServer::name)
        .orElseThrow(() -> new IllegalArgumentException("no wrong server " + name));
  }

  Term term(String id) {
    Term term =
        content.glossary().stream().filter(it -> it.id().equals(id)).findFirst().orElse(null);
    return found(term, "term", id);
  }

  /** The path itself; from now on that file has a page. */
  String sourcePath(String path) {
    if (!sources.containsKey(path)) {
      if (!Files.isRegularFile(project.resolve(path))) {
        throw new IllegalArgumentException("no file " + path);
      }
      try {
        sources.put(path, Source.read(project, path));
      } catch (IOException e) {
        throw new IllegalArgumentException(e);
      }
    }
    return path;
  }

  private static <T> T found(@Nullable T it, String kind, String name) {
    if (it == null) {
      throw new IllegalArgumentException("no %s %s".formatted(kind, name));
    }
    return it;
  }
}
