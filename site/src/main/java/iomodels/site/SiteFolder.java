package iomodels.site;

import iomodels.lab.report.ReportPage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** The output folder of the site. Files are written to a subfolder first, then published. */
final class SiteFolder {

  private static final List<String> ASSETS =
      List.of(
          "site.css",
          "code.css",
          "columns.css",
          "diagram.css",
          "timeline.css",
          "predict.css",
          "commands.css",
          "stepper.css",
          "site.js",
          "page.js",
          "code.js",
          "copy.js",
          "compare.js",
          "side-by-side.js",
          "drawing.js",
          "stepper.js",
          "timeline.js",
          "table.js",
          "predict.js",
          "search.js",
          "highlight.min.js",
          "d3.min.js",
          "fuse.min.js");

  /** Parts of the lab's report. */
  private static final List<String> OF_REPORT =
      List.of("report.css", "report.js", "echarts.min.js");

  private static final JsonMapper JSON = new JsonMapper();

  private static final String NEXT = ".next";

  private final Path place;
  private final Path folder;
  private int pages;

  private SiteFolder(Path place) {
    this.place = place;
    folder = place.resolve(NEXT);
  }

  /** Prepares an output folder, with an empty subfolder for unpublished files. */
  static SiteFolder in(Path place) throws IOException {
    SiteFolder folder = new SiteFolder(place);
    folder.discard();
    Files.createDirectories(folder.folder);
    return folder;
  }

  /**
   * Replaces each published file by its new version, then removes files that no longer exist. If
   * the process is killed in between, some pages are old, but none is missing.
   */
  void publish() throws IOException {
    Set<Path> published = new HashSet<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = place.resolve(folder.relativize(file));
        Files.createDirectories(Objects.requireNonNull(target.getParent()));
        Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
        published.add(target);
      }
    }
    Files.walkFileTree(place, new RemovingAllBut(published, folder));
    discard();
  }

  /** Deletes the files that have not been published. */
  void discard() throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  int pages() {
    return pages;
  }

  void writePage(String path, String html) throws IOException {
    write(path, html);
    pages++;
  }

  /**
   * Writes the regions of a server as a script, which the columns load. A page that is opened from
   * the file system can load data from scripts only.
   */
  void writeCode(Implementation implementation) throws IOException {
    Map<String, Object> regions = new LinkedHashMap<>();
    for (String region : implementation.steps()) {
      List<Map<String, Object>> parts =
          implementation.with(region).stream()
              .map(
                  source -> {
                    List<Source.Passage> passages =
                        source.regions().getOrDefault(region, List.of());
                    return Map.<String, Object>of(
                        "path", source.path(),
                        "line", passages.isEmpty() ? 1 : passages.getFirst().line(),
                        "html", CodeMarkup.passages(passages, source.language()));
                  })
              .toList();
      regions.put(
          region,
          Map.of("parts", parts, "without", CodeMarkup.inline(implementation.without(region))));
    }
    Map<String, Object> column = new LinkedHashMap<>();
    column.put("id", implementation.id());
    column.put("path", implementation.page());
    column.put("about", about(implementation));
    column.put("lines", implementation.linesOfCode());
    column.put("regions", regions);
    writeData("code/%s.js".formatted(implementation.file()), "column", implementation.id(), column);
  }

  /** Returns the page about it, relative to the root of the language, or an empty string. */
  private static String about(Implementation implementation) {
    if (implementation.styledProgram().isPresent()) {
      return "programs.html#" + implementation.styledProgram().get().program();
    }
    return implementation.card().isPresent() ? "models/%s.html".formatted(implementation.id()) : "";
  }

  /** Writes a trace that can be drawn. For other traces the page shows the reason. */
  void writeTrace(Recorded.Trace trace) throws IOException {
    if (trace.json().isPresent()) {
      writeData("traces/%s.js".formatted(trace.name()), "trace", trace.name(), trace.json().get());
    }
  }

  /** Writes what the search page finds in a language, also as a script. */
  void writeSearchIndex(String language, List<SearchIndex.Entry> entries) throws IOException {
    writeData("search/%s.js".formatted(language), "searchIndex", language, entries);
  }

  /** Writes the steps of a trace that can be drawn. */
  void writeSteps(Implementation implementation, Recorded.Trace trace) throws IOException {
    if (trace.json().isPresent()) {
      Map<String, Object> steps = Steps.of(trace.json().get()).data(implementation.id());
      writeData("steps/%s.js".formatted(trace.name()), "steps", trace.name(), steps);
    }
  }

  void copyAssets() throws IOException {
    for (String asset : ASSETS) {
      try (InputStream in = SiteFolder.class.getResourceAsStream("assets/" + asset)) {
        copy(Objects.requireNonNull(in, asset), asset);
      }
    }
    for (String part : OF_REPORT) {
      write("assets/" + part, ReportPage.part(part));
    }
  }

  private void writeData(String path, String function, String name, Object value)
      throws IOException {
    String script =
        "iomodels.%s(%s, %s);%n"
            .formatted(function, JSON.writeValueAsString(name), JSON.writeValueAsString(value));
    write(path, script);
  }

  private void copy(InputStream in, String name) throws IOException {
    Path assets = Files.createDirectories(folder.resolve("assets"));
    Files.copy(in, assets.resolve(name));
  }

  private void write(String path, String text) throws IOException {
    Path file = folder.resolve(path);
    Path parent = file.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.writeString(file, text);
  }

  private static final class RemovingAllBut extends SimpleFileVisitor<Path> {

    private final Set<Path> kept;
    private final Path except;

    RemovingAllBut(Set<Path> kept, Path except) {
      this.kept = kept;
      this.except = except;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      return folder.equals(except) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      if (!kept.contains(file)) {
        Files.delete(file);
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
