package iomodels.cli.scaffold;

import static java.util.stream.Collectors.joining;

import iomodels.cli.output.UserError;
import iomodels.cli.project.ProjectFiles;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The sources of a model: its provider, its server, the classes of the package that these need, the
 * tests that apply to any model, and the pom. They are read from the model's own module, so no
 * separate template can become outdated.
 */
public final class ModuleTemplate {

  private static final String PROVIDER = "Provider";
  private static final String SERVER = "Server";
  private static final String JAVA = ".java";

  /** Suffixes of the classes that are named after the model; only these are renamed. */
  private static final List<String> ROLES = List.of(PROVIDER, SERVER, "Worker");

  /** What follows the name of a model in the name of its module. */
  static final String SUFFIX = "-impl";

  /** Suffixes of the tests that find the models of a module instead of naming them. */
  private static final List<String> TESTS =
      List.of("ConformanceIT", "ContractTest", "EventLoopsTest");

  private static final Pattern COMMENT_OR_LITERAL =
      Pattern.compile(
          "//[^\n]*|/\\*.*?\\*/|(\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\])*\"|'(?:\\\\.|[^'\\\\])*')",
          Pattern.DOTALL);

  /** The modules that only the program {@code http} needs, which is not copied. */
  private static final Pattern REQUIRED_BY_PROGRAMS =
      Pattern.compile(
          "  requires (?:iomodels\\.http|io\\.netty\\.codec\\.http2?|reactor\\.netty\\.http);\n");

  private static final Pattern DEPENDENCY_OF_PROGRAMS =
      Pattern.compile(
          " *<dependency>\\s*<groupId>[^<]*</groupId>\\s*"
              + "<artifactId>(?:http|reactor-netty-http)</artifactId>\\s*</dependency>\n");

  private static final Pattern REGION = Pattern.compile("// tag::(\\w+)\\[]");
  private static final Pattern WORD = Pattern.compile("\\b[A-Z]\\w*");
  private static final Pattern LINK = Pattern.compile("\\{@link(\\s+(?:\\*\\s+)?)([A-Z]\\w*)");

  private final ServerProvider model;
  private final String packageName;
  private final Path module;
  private final String stem;
  private final NavigableMap<String, String> classes = new TreeMap<>();
  private final Set<String> neighbours = new TreeSet<>();

  private ModuleTemplate(ServerProvider model, Path module) {
    this.model = model;
    this.module = module;
    packageName = model.getClass().getPackageName();
    String provider = model.getClass().getSimpleName();
    stem = provider.substring(0, provider.length() - PROVIDER.length());
  }

  /**
   * A renamed copy.
   *
   * @param files contents by path in the new module
   * @param page path of the server class
   * @param callsNativeCode whether the module calls native code, which the launcher must permit
   */
  public record Copy(
      String name,
      String packageName,
      Map<String, String> files,
      String page,
      boolean callsNativeCode) {

    /** The artifact id. */
    public String artifact() {
      return name + SUFFIX;
    }
  }

  /**
   * Reads the sources of a model.
   *
   * @throws UserError if they are not in that folder
   */
  public static ModuleTemplate of(ServerProvider model, Path home) throws UserError, IOException {
    String source = "src/main/java/" + model.getClass().getName().replace('.', '/') + JAVA;
    Path module =
        ProjectFiles.modules(home).stream()
            .filter(each -> Files.isRegularFile(each.resolve(source)))
            .findFirst()
            .orElseThrow(
                () ->
                    new UserError(
                        "the sources of %s are not in %s; choose another --like"
                            .formatted(model.card().name(), home)));
    ModuleTemplate template = new ModuleTemplate(model, module);
    template.readClasses(template.in("main"));
    return template;
  }

  /** The folder of the package's sources: of kind {@code main} or {@code test}. */
  private Path in(String kind) {
    return module
        .resolve("src")
        .resolve(kind)
        .resolve("java")
        .resolve(packageName.replace('.', '/'));
  }

  /** Reads the provider, and all classes of the package that it depends on. */
  private void readClasses(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      files.filter(Files::isRegularFile).map(ModuleTemplate::className).forEach(neighbours::add);
    }
    Deque<String> wanted = new ArrayDeque<>(List.of(stem + PROVIDER));
    while (!wanted.isEmpty()) {
      String name = wanted.remove();
      if (!classes.containsKey(name)) {
        String text = Files.readString(folder.resolve(name + JAVA));
        classes.put(name, text);
        words(text).filter(neighbours::contains).forEach(wanted::add);
      }
    }
  }

  /**
   * Creates a renamed copy.
   *
   * @throws UserError if the name of a renamed class would clash with another one
   */
  public Copy copy(String name, String newPackage) throws UserError, IOException {
    String newStem = camelCase(name);
    demandFree(newStem);
    String sources = "src/main/java/" + newPackage.replace('.', '/') + "/";
    Map<String, String> files = new TreeMap<>();
    Renaming renaming = new Renaming(name, newPackage, newStem);
    classes.forEach(
        (each, text) -> files.put(sources + renaming.of(each) + JAVA, renaming.of(unlinked(text))));
    String page = sources + newStem + SERVER + JAVA;
    files.put(sources + "package-info.java", packageInfo(name, newPackage, newStem));
    files.put("src/main/java/module-info.java", moduleInfo(name, newPackage, newStem));
    files.put("expected-skips.txt", expectedSkips(name));
    files.put("pom.xml", pom(name, renaming));
    files.putAll(tests(newPackage, newStem, renaming));
    String like = model.card().name();
    files.put("README.md", guide(name, newPackage, page, like, files));
    boolean nativeCode = model.nativeModules().contains(packageName);
    return new Copy(name, newPackage, files, page, nativeCode);
  }

  private void demandFree(String newStem) throws UserError {
    Set<String> taken = new TreeSet<>(classes.keySet());
    classes.values().forEach(text -> words(text).forEach(taken::add));
    for (String role : ROLES) {
      if (!newStem.equals(stem) && taken.contains(newStem + role)) {
        throw new UserError(
            "its class %s%s would have the same name as a class that it uses; choose another name"
                .formatted(newStem, role));
      }
    }
  }

  /** Replaces old names by new ones in a text. */
  private final class Renaming {

    private final String name;
    private final String newPackage;
    private final String newStem;

    Renaming(String name, String newPackage, String newStem) {
      this.name = name;
      this.newPackage = newPackage;
      this.newStem = newStem;
    }

    String of(String text) {
      String renamed = text;
      for (String role : ROLES) {
        renamed = renamed.replaceAll("\\b" + stem + role + "\\b", newStem + role);
      }
      return renamed
          .replaceAll("\\b" + Pattern.quote(packageName) + "\\b", newPackage)
          .replace('"' + model.card().name() + '"', '"' + name + '"');
    }
  }

  /** Replaces Javadoc links to classes that are not copied. */
  private String unlinked(String text) {
    return LINK.matcher(text)
        .replaceAll(
            link ->
                neighbours.contains(link.group(2)) && !classes.containsKey(link.group(2))
                    ? "{@code" + link.group(1) + link.group(2)
                    : Matcher.quoteReplacement(link.group()));
  }

  private String packageInfo(String name, String newPackage, String newStem) {
    return """
    /** The model {@code %s}: see {@link %s.%sServer}. */
    @NullMarked
    package %s;

    import org.jspecify.annotations.NullMarked;
    """
        .formatted(name, newPackage, newStem, newPackage);
  }

  /** The module descriptor, with the same requirements as the models of the original. */
  private String moduleInfo(String name, String newPackage, String newStem) throws IOException {
    String old = Files.readString(module.resolve("src/main/java/module-info.java"));
    String body =
        REQUIRED_BY_PROGRAMS
            .matcher(old.substring(old.indexOf('{') + 1, old.indexOf("  provides ")))
            .replaceAll("");
    // javac warns of a digit at the end: it takes http2 for the second version of http.
    boolean digit = Stream.of(newPackage.split("\\.", -1)).anyMatch(it -> it.matches(".*[0-9]"));
    return """
    /** The model {@code %s}. */
    %smodule %s {%sprovides iomodels.server.spi.ServerProvider with
          %s.%sProvider;
    }
    """
        .formatted(
            name,
            digit
                ? "@SuppressWarnings(\"module\") // The digit is part of the name, no version.\n"
                : "",
            newPackage,
            body + "  ",
            newPackage,
            newStem);
  }

  private String expectedSkips(String name) throws IOException {
    Pattern mine = Pattern.compile("(broken: )?" + Pattern.quote(model.card().name()) + "( .*)");
    List<String> kept = new ArrayList<>();
    // A comment applies to all lines up to the next comment.
    List<String> comment = new ArrayList<>();
    boolean inComment = false;
    for (String line : Files.readAllLines(module.resolve("expected-skips.txt"))) {
      Matcher matcher = mine.matcher(line);
      if (line.startsWith("#")) {
        if (!inComment) {
          comment.clear();
        }
        comment.add(line);
      } else if (matcher.matches()) {
        kept.addAll(comment);
        comment.clear();
        String broken = matcher.group(1) == null ? "" : matcher.group(1);
        kept.add(broken + name + matcher.group(2));
      }
      inComment = line.startsWith("#");
    }
    return String.join("\n", kept) + "\n";
  }

  private String pom(String name, Renaming renaming) throws IOException {
    String artifact = module.getFileName().toString();
    String pom = Files.readString(module.resolve("pom.xml"));
    return renaming
        .of(DEPENDENCY_OF_PROGRAMS.matcher(pom).replaceAll(""))
        .replace(element("artifactId", artifact), element("artifactId", name + SUFFIX))
        .replaceFirst(
            "<description>[^<]*</description>",
            element("description", "The model %s.".formatted(name)));
  }

  private static String element(String name, String text) {
    return "<%s>%s</%s>".formatted(name, text, name);
  }

  private Map<String, String> tests(String newPackage, String newStem, Renaming renaming)
      throws IOException {
    Map<String, String> tests = new TreeMap<>();
    try (Stream<Path> files = Files.list(in("test"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String old = className(file);
        for (String kind : TESTS) {
          String text = Files.readString(file);
          boolean general = words(text).noneMatch(neighbours::contains);
          if (old.endsWith(kind) && general) {
            String test = newStem + kind;
            tests.put(
                "src/test/java/%s/%s.java".formatted(newPackage.replace('.', '/'), test),
                renaming.of(text.replaceAll("\\b" + old + "\\b", test)));
          }
        }
      }
    }
    return tests;
  }

  private static String guide(
      String name, String newPackage, String page, String like, Map<String, String> files)
      throws IOException {
    try (InputStream in = ModuleTemplate.class.getResourceAsStream("new-module.md")) {
      if (in == null) {
        throw new IOException("the guide is missing from the program; build it again");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .replace("{name}", name)
          .replace("{package}", newPackage)
          .replace("{page}", page)
          .replace("{provider}", page.replace(SERVER + JAVA, PROVIDER + JAVA))
          .replace("{regions}", regions(files))
          .replace("{like}", like);
    }
  }

  /** The marked regions, with their files. */
  private static String regions(Map<String, String> files) {
    List<String> marked = new ArrayList<>();
    files.forEach(
        (path, text) -> {
          String regions =
              REGION
                  .matcher(text)
                  .results()
                  .map(region -> "`" + region.group(1) + "`")
                  .distinct()
                  .collect(joining(", "));
          if (!regions.isEmpty()) {
            marked.add("%s in `%s`".formatted(regions, path.substring(path.lastIndexOf('/') + 1)));
          }
        });
    return String.join("; ", marked);
  }

  /** All words in the code, without comments, that could be class names. */
  private static Stream<String> words(String text) {
    String code =
        COMMENT_OR_LITERAL
            .matcher(text)
            .replaceAll(it -> it.group(1) == null ? " " : Matcher.quoteReplacement(it.group(1)));
    return WORD.matcher(code).results().map(result -> result.group()).distinct();
  }

  private static String className(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(JAVA) ? name.substring(0, name.length() - JAVA.length()) : name;
  }

  /** {@code my-model} as {@code MyModel}. */
  private static String camelCase(String name) {
    return Stream.of(name.split("-", -1))
        .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
        .collect(joining());
  }
}
