package iomodels.site;

import iomodels.conformance.Rule;
import iomodels.conformance.rules.Rules;
import iomodels.program.Programs;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The data of the site, from the live sources and the recordings; writes the site. */
final class StudySite {

  static final List<String> LANGUAGES = List.of("en", "zh");

  private final Path project;
  private final Recorded recorded;
  private final Facts facts;
  private final Content content;
  private final Implementations implementations;
  private final Map<String, WrongCode> wrongCode;
  private final Map<String, Rule> rules = new LinkedHashMap<>();
  private final Map<String, Rule> programRules = new LinkedHashMap<>();

  /** Source files with a page of their own, by path. */
  private final Map<String, Source> sources = new TreeMap<>();

  StudySite(Path project, Recorded recorded) throws IOException {
    this.project = project;
    this.recorded = recorded;
    facts = new Facts(recorded);
    content = new Content(project.resolve("site/src/main/content"));
    implementations = Implementations.of(project);
    wrongCode = WrongSources.read(project);
    Rules.all().forEach(it -> rules.put(it.id(), it));
    Programs.all().stream()
        .flatMap(it -> Rules.of(it).stream())
        .forEach(it -> programRules.put(it.id(), it));
    implementations
        .all()
        .forEach(it -> it.sources().forEach(each -> sources.put(each.path(), each)));
    for (WrongCode each : wrongCode.values()) {
      sourcePath(each.file().toString());
      for (WrongCode.Difference difference : each.differences()) {
        sourcePath(difference.file().toString());
      }
    }
  }

  /**
   * Writes all pages into a folder and replaces what the folder contains. If an error occurs, the
   * folder keeps its content.
   *
   * @return the number of pages
   */
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
    for (Implementation implementation : implementations.all()) {
      folder.writeCode(implementation);
      Optional<Recorded.Trace> trace = recorded.trace(implementation.file());
      if (trace.isPresent()) {
        folder.writeSteps(implementation, trace.get());
      }
    }
    for (Recorded.Trace trace : recorded.traces()) {
      folder.writeTrace(trace);
    }
    for (String language : LANGUAGES) {
      new Pages(this, content.words(language), folder).write();
    }
    // Last, since pages may have added sources by directives.
    new Pages(this, content.words(LANGUAGES.getFirst()), folder).writeSources(sources.values());
  }

  /** Returns the project's folder. */
  Path project() {
    return project;
  }

  Recorded recorded() {
    return recorded;
  }

  /** Returns the facts that the recordings show. */
  Facts facts() {
    return facts;
  }

  Content content() {
    return content;
  }

  /** Returns a question of a lesson. */
  Question question(String name) {
    return found(content.questions().get(name), "question", name);
  }

  Implementations implementations() {
    return implementations;
  }

  /** Returns the rules of servers. */
  Map<String, Rule> rules() {
    return rules;
  }

  /** Returns the pitfalls of a model; may be empty. */
  List<Notes.Pitfall> pitfalls(String model) {
    List<Notes.Pitfall> pitfalls = content.notes(model).pitfalls();
    return pitfalls == null ? List.of() : pitfalls;
  }

  /** Returns the models that list a wrong server among their pitfalls. */
  List<String> proneTo(String wrongServer) {
    List<String> models = new ArrayList<>();
    for (Implementation implementation : implementations.all()) {
      if (pitfalls(implementation.id()).stream().anyMatch(it -> it.server().equals(wrongServer))) {
        models.add(implementation.id());
      }
    }
    return models;
  }

  WrongCode wrongCode(String server) {
    return found(wrongCode.get(server), "wrong server", server);
  }

  Implementation implementation(String id) {
    return implementations
        .named(id)
        .orElseThrow(() -> new IllegalArgumentException("unknown server '%s'".formatted(id)));
  }

  /** Returns a rule of servers or of programs. */
  Rule rule(String id) {
    return found(rules.getOrDefault(id, programRules.get(id)), "rule", id);
  }

  String wrongServer(String name) {
    return WrongServers.named(name)
        .map(WrongServer::name)
        .orElseThrow(
            () -> new IllegalArgumentException("unknown wrong server '%s'".formatted(name)));
  }

  Term term(String id) {
    Term term =
        content.glossary().stream().filter(it -> it.id().equals(id)).findFirst().orElse(null);
    return found(term, "term", id);
  }

  /** Makes a page for a source file, and returns the path. */
  String sourcePath(String path) {
    return source(path).path();
  }

  /** Makes a page for a source file, and returns it. */
  Source source(String path) {
    if (!sources.containsKey(path)) {
      if (!Files.isRegularFile(project.resolve(path))) {
        throw new IllegalArgumentException("file not found: " + path);
      }
      try {
        sources.put(path, Source.read(project, path));
      } catch (IOException e) {
        throw new IllegalArgumentException(e);
      }
    }
    return found(sources.get(path), "source file", path);
  }

  private static <T> T found(@Nullable T it, String kind, String name) {
    if (it == null) {
      throw new IllegalArgumentException("unknown %s '%s'".formatted(kind, name));
    }
    return it;
  }
}
