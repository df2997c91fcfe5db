package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks the links in the project's documents, and the form of the decision records. */
class DocumentsTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path DOCS = PROJECT.resolve("docs");
  private static final Path DECISIONS = DOCS.resolve("decisions");
  private static final Pattern CODE = Pattern.compile("```.*?```|`[^`\n]*`", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("]\\(([^)#\\s]+)(?:#[^)\\s]*)?\\)");
  private static final Pattern SCHEME = Pattern.compile("[a-z]+:.*");
  private static final int MAX_LINES = 40;

  @Test
  void everyLinkLeadsToAFile() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path document : documents()) {
      String text = CODE.matcher(Files.readString(document)).replaceAll("");
      for (MatchResult link : LINK.matcher(text).results().toList()) {
        String to = link.group(1);
        if (!SCHEME.matcher(to).matches() && !Files.exists(document.resolveSibling(to))) {
          broken.add(PROJECT.relativize(document) + " links " + to);
        }
      }
    }
    assertThat(broken).as("links to files that do not exist").isEmpty();
  }

  @Test
  void everyDecisionIsShortHasItsPartsAndIsInTheIndex() throws IOException {
    String index = Files.readString(DECISIONS.resolve("README.md"));
    List<Path> records = files(DECISIONS, "\\d{4}-[a-z0-9-]+\\.md");
    assertThat(records).isNotEmpty();
    for (Path decision : records) {
      String name = String.valueOf(decision.getFileName());
      List<String> lines = Files.readAllLines(decision);
      assertThat(lines).as(name).hasSizeLessThan(MAX_LINES);
      assertThat(lines.getFirst()).as(name).startsWith("# " + name.substring(0, 4) + ": ");
      assertThat(lines.stream().filter(it -> it.startsWith("## ")))
          .as(name)
          .containsExactly("## Context", "## Decision", "## Consequences");
      assertThat(index).as("the index of decisions").contains("](" + name + ")");
    }
  }

  /** Returns the documents at the root and in docs, and the README.md of each module. */
  private static List<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>(files(PROJECT, ".*\\.md"));
    documents.addAll(files(DOCS, ".*\\.md"));
    documents.addAll(files(DECISIONS, ".*\\.md"));
    for (Path folder : files(PROJECT, "[a-z].*")) {
      Path readme = folder.resolve("README.md");
      if (!folder.equals(DOCS) && Files.exists(readme)) {
        documents.add(readme);
      }
    }
    return documents;
  }

  private static List<Path> files(Path folder, String name) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(it -> String.valueOf(it.getFileName()).matches(name)).sorted().toList();
    }
  }
}
