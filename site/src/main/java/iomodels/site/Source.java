package iomodels.site;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A source file: its lines and its tagged regions.
 *
 * @param path relative to the project's folder, with slashes
 * @param language the name of the language in highlight.js
 * @param lines all lines, including the marks of regions
 * @param linesOfCode the number of lines without comments, imports and empty lines
 * @param about the paragraphs of the first comment, with code in backticks
 * @param regions passages by region; a region that is marked more than once has all its parts
 */
public record Source(
    String path,
    String language,
    List<String> lines,
    long linesOfCode,
    List<String> about,
    Map<String, List<Passage>> regions) {

  /**
   * Lines of code with the comment before them.
   *
   * @param comment the paragraphs of the comment, with code in backticks; may be empty
   * @param code the code without the common indentation of the region
   * @param line the number of the first line, including the comment, from 1
   */
  public record Passage(List<String> comment, String code, int line) {}

  private static final Pattern MARK = Pattern.compile("\\s*(?://|#) (tag|end)::(\\w+)\\[]\\s*");

  static Source read(Path project, String path) throws IOException {
    List<String> all;
    try {
      all = Files.readAllLines(project.resolve(path));
    } catch (CharacterCodingException e) {
      throw new IOException(path + " is not UTF-8", e);
    }
    List<String> lines = new ArrayList<>(); // without the marks
    List<Integer> numbers = new ArrayList<>();
    Map<String, List<int[]>> ranges = new LinkedHashMap<>();
    for (int i = 0; i < all.size(); i++) {
      Matcher mark = MARK.matcher(all.get(i));
      if (!mark.matches()) {
        lines.add(all.get(i));
        numbers.add(i + 1);
        continue;
      }
      List<int[]> ofRegion = ranges.computeIfAbsent(mark.group(2), _ -> new ArrayList<>());
      if (mark.group(1).equals("tag")) {
        ofRegion.add(new int[] {lines.size(), -1});
      } else if (ofRegion.isEmpty() || ofRegion.getLast()[1] >= 0) {
        throw new IOException(
            "%s:%d: region %s ends but has not begun".formatted(path, i + 1, mark.group(2)));
      } else {
        ofRegion.getLast()[1] = lines.size();
      }
    }
    Reader reader = new Reader(lines, numbers, path.endsWith(".py") ? Comments.PYTHON : Comments.C);
    Map<String, List<Passage>> regions = new LinkedHashMap<>();
    for (Map.Entry<String, List<int[]>> each : ranges.entrySet()) {
      List<Passage> passages = new ArrayList<>();
      for (int[] range : each.getValue()) {
        if (range[1] < 0) {
          throw new IOException("%s: region %s does not end".formatted(path, each.getKey()));
        }
        passages.addAll(reader.passages(range[0], range[1]));
      }
      regions.put(each.getKey(), List.copyOf(passages));
    }
    return new Source(
        path, language(path), List.copyOf(all), reader.linesOfCode(), reader.about(), regions);
  }

  /** Finds the paragraph of the first comment that explains why a region is missing. */
  Optional<String> without(String region) {
    return about.stream().filter(it -> it.contains("no region") && it.contains(region)).findFirst();
  }

  private static String language(String path) {
    return path.endsWith(".py") ? "python" : path.endsWith(".java") ? "java" : "c";
  }

  /** Separates comments from code. */
  private record Reader(List<String> lines, List<Integer> numbers, Comments comments) {

    List<Passage> passages(int from, int to) {
      int indent =
          lines.subList(from, to).stream()
              .filter(it -> !it.isBlank())
              .mapToInt(it -> it.length() - it.stripLeading().length())
              .min()
              .orElse(0);
      List<Passage> passages = new ArrayList<>();
      int i = from;
      while (i < to) {
        int begin = i;
        i = comments.isInsideStatement(lines, i) ? i : Math.min(comments.end(lines, i), to);
        List<String> comment = comments.paragraphs(lines.subList(begin, i));
        List<String> code = new ArrayList<>();
        // A comment in the middle of a statement stays part of the code.
        while (i < to && (comments.end(lines, i) == i || comments.isInsideStatement(lines, i))) {
          String line = lines.get(i++);
          code.add(line.isBlank() ? "" : line.substring(indent));
        }
        String text = String.join("\n", code).stripTrailing();
        if (!comment.isEmpty() || !text.isBlank()) {
          passages.add(new Passage(comment, text, numbers.get(begin)));
        }
      }
      return passages;
    }

    long linesOfCode() {
      // Remaining comments: in the middle of a statement, or between the constants of an enum.
      String comment =
          comments == Comments.PYTHON ? "#.*" : "//.*|/\\*(?:(?!\\*/).)*(?:\\*/)?|\\*.*";
      return passages(0, lines.size()).stream()
          .flatMap(it -> it.code().lines())
          .filter(it -> !it.isBlank() && !it.matches("(import|package|from) .*"))
          .filter(it -> !it.strip().matches(comment))
          .count();
    }

    /** Returns a Python module's docstring, or the Javadoc of a Java class. */
    List<String> about() {
      for (int i = 0; i < lines.size(); i++) {
        int end = comments.end(lines, i);
        if (end > i) {
          return comments.paragraphs(lines.subList(i, end));
        }
      }
      return List.of();
    }
  }
}
