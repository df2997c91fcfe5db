package iomodels.site;

import iomodels.lab.report.ReportPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The handwritten content of the site, read from {@code src/main/content}. */
public final class Content {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String FENCE = "---\n";

  private final Path folder;
  private final Map<String, Notes> notes;
  private final List<Term> glossary;
  private final Map<String, Question> questions;
  private final List<TutorialPiece> tutorial;

  /** A Markdown page with its front matter. */
  public record Text(String slug, JsonNode front, String markdown) {

    public String title() {
      return front.path("title").asString(slug);
    }

    public String summary() {
      return front.path("summary").asString("");
    }

    public List<String> models() {
      List<String> models = new ArrayList<>();
      front.path("models").forEach(it -> models.add(it.asString()));
      return models;
    }
  }

  Content(Path folder) throws IOException {
    this.folder = folder;
    notes =
        yaml(folder.resolve("models.yaml"), new TypeReference<LinkedHashMap<String, Notes>>() {});
    glossary = yaml(folder.resolve("glossary.yaml"), new TypeReference<List<Term>>() {});
    questions =
        yaml(
            folder.resolve("questions.yaml"),
            new TypeReference<LinkedHashMap<String, Question>>() {});
    tutorial = yaml(folder.resolve("tutorial.yaml"), new TypeReference<List<TutorialPiece>>() {});
  }

  /** Returns the pieces of a tutorial, in its order. */
  List<TutorialPiece> tutorial() {
    return tutorial;
  }

  /** Returns the notes on a model, or {@link Notes#NONE} if there are none. */
  Notes notes(String model) {
    return notes.getOrDefault(model, Notes.NONE);
  }

  Map<String, Notes> allNotes() {
    return notes;
  }

  /** Returns the questions of the lessons, by name. */
  Map<String, Question> questions() {
    return questions;
  }

  List<Term> glossary() {
    return glossary;
  }

  Words words(String language) throws IOException {
    Path here = folder.resolve(language);
    // English has no such file: its text comes from the Java sources.
    Path servers = here.resolve("server-words.yaml");
    return new Words(
        language,
        tree(here.resolve("messages.yaml")),
        Files.exists(servers) ? tree(servers) : YAML.createObjectNode());
  }

  /** Returns the text of a model's page, if there is one. */
  Optional<Text> model(String language, String name) throws IOException {
    return written(language, "models", name);
  }

  private Optional<Text> written(String language, String kind, String name) throws IOException {
    Path file = folder.resolve(language).resolve(kind).resolve(name + ".md");
    return Files.isRegularFile(file) ? Optional.of(text(file)) : Optional.empty();
  }

  /** Returns the text about a program, if there is one. */
  Optional<Text> program(String language, String name) throws IOException {
    return written(language, "programs", name);
  }

  /** Returns the texts of the lab's report: the lab's own, or a translation. */
  Map<String, Object> reportWords(String language) throws IOException {
    Path file = folder.resolve(language).resolve("report.json");
    String text =
        Files.exists(file) ? Files.readString(file) : ReportPage.part("report-words.json");
    try {
      return YAML.readValue(text, new TypeReference<LinkedHashMap<String, Object>>() {});
    } catch (JacksonException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Returns the texts that are both pages of the site and documents of the project. */
  List<Text> documents(String language) throws IOException {
    return texts(folder.resolve(language));
  }

  /** Returns the lessons in order. */
  List<Text> lessons(String language) throws IOException {
    return texts(folder.resolve(language).resolve("lessons"));
  }

  private static List<Text> texts(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Text> texts = new ArrayList<>();
      for (Path file : files.filter(it -> it.toString().endsWith(".md")).sorted().toList()) {
        texts.add(text(file));
      }
      return texts;
    }
  }

  private static Text text(Path file) throws IOException {
    String all = Files.readString(file);
    String slug = String.valueOf(file.getFileName()).replaceFirst("\\.md$", "");
    int end = all.startsWith(FENCE) ? all.indexOf("\n" + FENCE, FENCE.length()) : -1;
    if (end < 0) {
      return new Text(slug, YAML.createObjectNode(), all);
    }
    try {
      JsonNode front = YAML.readTree(all.substring(FENCE.length(), end + 1));
      return new Text(slug, front, all.substring(end + 1 + FENCE.length()));
    } catch (JacksonException e) {
      throw new IOException(file + ": " + e.getOriginalMessage(), e);
    }
  }

  private static JsonNode tree(Path file) throws IOException {
    return yaml(file, new TypeReference<JsonNode>() {});
  }

  private static <T> T yaml(Path file, TypeReference<T> type) throws IOException {
    try {
      return YAML.readValue(Files.readString(file), type);
    } catch (JacksonException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }
}
