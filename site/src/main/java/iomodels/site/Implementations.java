package iomodels.site;

import static java.util.Comparator.comparing;
import static java.util.Comparator.comparingInt;
import static java.util.Comparator.naturalOrder;

import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.ModelCard;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.site.Implementation.Group;
import iomodels.site.Implementation.StyledProgram;
import iomodels.wrong.tutorial.Tutorial;
import iomodels.wrong.tutorial.Tutorials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** All servers and programs that the site compares. They are discovered, not listed here. */
final class Implementations {

  private static final String MAIN = "src/main/java";
  private static final String TWINS = "python-twins";

  /** The folder of the twins of programs. Each file is named {@code STYLE_PROGRAM.py}. */
  private static final String TWINS_OF_PROGRAMS = "programs/";

  private final Path project;
  private final Map<String, Implementation> all = new LinkedHashMap<>();

  private Implementations(Path project) {
    this.project = project;
  }

  static Implementations of(Path project) throws IOException {
    Implementations implementations = new Implementations(project);
    for (Tutorial tutorial : Tutorials.all()) {
      implementations.add(
          Group.TUTORIALS, tutorial.provider().card(), implementations.page(tutorial));
    }
    List<ServerProvider> models = new ArrayList<>(ServerProvider.installed());
    models.sort(
        comparing((ServerProvider it) -> it.card().ioModel())
            .thenComparing(it -> it.card().name()));
    for (ServerProvider model : models) {
      implementations.add(Group.MODELS, model.card(), implementations.pages(model));
    }
    for (StyleProvider style : StyleProvider.installed()) {
      for (StyleProvider.Page page : style.pages()) {
        implementations.add(style, page);
      }
    }
    implementations.addTwins();
    return implementations;
  }

  List<Implementation> all() {
    return List.copyOf(all.values());
  }

  List<Implementation> of(Group group) {
    return all.values().stream().filter(it -> it.group() == group).toList();
  }

  Optional<Implementation> named(String id) {
    return Optional.ofNullable(all.get(id));
  }

  private void add(Group group, ModelCard card, List<Path> files) throws IOException {
    add(
        new Implementation(
            card.name(), group, card.summary(), Optional.of(card), Optional.empty(), read(files)));
  }

  /** Adds a page of a style, with the {@linkplain #shared shared} classes of its module. */
  private void add(StyleProvider style, StyleProvider.Page page) throws IOException {
    Class<?> source = page.source();
    List<Path> files = new ArrayList<>();
    Optional<Path> folder = folder(source.getPackageName());
    if (folder.isPresent()) {
      Path file = folder.get().resolve(source.getSimpleName() + ".java");
      if (Files.isRegularFile(file)) {
        files.add(file);
        files.addAll(shared(file));
      }
    }
    add(
        new Implementation(
            "%s:%s".formatted(style.style(), page.program()),
            Group.PROGRAMS,
            style.summary(),
            Optional.empty(),
            Optional.of(new StyledProgram(page.program(), style.style(), page.threads())),
            read(files)));
  }

  /** Returns the classes with regions that a page instantiates or extends, from its package. */
  private static List<Path> shared(Path page) throws IOException {
    String text = Files.readString(page);
    List<Path> shared = new ArrayList<>();
    for (Path file : neighbours(page, ".java")) {
      String name = file.getFileName().toString().replaceFirst("\\.java$", "");
      boolean isUsed = Pattern.compile("\\b(new|extends) " + name + "\\b").matcher(text).find();
      if (isUsed && Files.readString(file).contains("// tag::")) {
        shared.add(file);
      }
    }
    return shared;
  }

  private static List<Path> neighbours(Path page, String suffix) throws IOException {
    try (Stream<Path> files = Files.list(page.getParent())) {
      return files
          .filter(it -> it.toString().endsWith(suffix) && !it.equals(page))
          .sorted()
          .toList();
    }
  }

  private void add(Implementation implementation) {
    all.put(implementation.id(), implementation);
  }

  private List<Source> read(List<Path> files) throws IOException {
    List<Source> sources = new ArrayList<>();
    for (Path file : files) {
      sources.add(Source.read(project, name(project.relativize(file))));
    }
    return sources;
  }

  /**
   * Finds the source files of a model beside its provider. For {@code PreforkProvider} they are
   * {@code PreforkWorker}, if there is one, then {@code PreforkServer}, then shared classes. If
   * neither file exists, the provider's own file takes their place. For a model of another project
   * the list is empty.
   */
  private List<Path> pages(ServerProvider model) throws IOException {
    Class<?> provider = model.getClass();
    String name = provider.getSimpleName();
    String stem = name.replaceFirst("Provider$", "");
    Optional<Path> folder = folder(provider.getPackageName());
    if (folder.isEmpty()) {
      return List.of();
    }
    List<Path> pages = new ArrayList<>();
    for (String file : List.of(stem + "Worker.java", stem + "Server.java", name + ".java")) {
      Path page = folder.get().resolve(file);
      if (Files.isRegularFile(page) && (pages.isEmpty() || !file.startsWith(name))) {
        pages.add(page);
      }
    }
    for (Path page : List.copyOf(pages)) {
      shared(page).stream().filter(it -> !pages.contains(it)).forEach(pages::add);
    }
    return pages;
  }

  /** Returns the file of a tutorial: {@code tutorial-select} is {@code SelectTutorial}. */
  private List<Path> page(Tutorial tutorial) throws IOException {
    String word = tutorial.name().substring(tutorial.name().lastIndexOf('-') + 1);
    String capital = Character.toUpperCase(word.charAt(0)) + word.substring(1);
    return folder(Tutorials.class.getPackageName()).stream()
        .map(it -> it.resolve(capital + "Tutorial.java"))
        .toList();
  }

  /** Returns the source folder of a package, in any module of the project. */
  private Optional<Path> folder(String packageName) throws IOException {
    String path = packageName.replace('.', '/');
    try (Stream<Path> modules = Files.list(project)) {
      return modules
          .sorted()
          .filter(it -> Files.isRegularFile(it.resolve("pom.xml")))
          .map(module -> module.resolve(MAIN).resolve(path))
          .filter(Files::isDirectory)
          .findFirst();
    }
  }

  private void addTwins() throws IOException {
    Path folder = project.resolve(TWINS);
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> twins =
          files
              .filter(it -> it.toString().endsWith(".py"))
              .filter(it -> !name(folder.relativize(it)).startsWith("."))
              .sorted(comparingInt(Path::getNameCount).thenComparing(naturalOrder()))
              .toList();
      Set<Path> shared = new HashSet<>();
      for (Path twin : twins) {
        shared.addAll(imported(twin));
      }
      for (Path twin : twins) {
        Source page = Source.read(project, name(project.relativize(twin)));
        // A file without regions is not a server: the tutorial's client, for instance.
        if (!shared.contains(twin) && !page.regions().isEmpty()) {
          List<Source> sources = new ArrayList<>(List.of(page));
          sources.addAll(read(imported(twin)));
          sources.removeIf(it -> it.regions().isEmpty());
          add(twin(name(folder.relativize(twin)).replaceFirst("\\.py$", ""), sources));
        }
      }
    }
  }

  /**
   * Returns the modules in a twin's folder that it imports, directly or indirectly. The site shows
   * them as parts of the twin, not as twins.
   */
  private static List<Path> imported(Path twin) throws IOException {
    List<Path> files = new ArrayList<>(List.of(twin));
    for (int i = 0; i < files.size(); i++) {
      String text = Files.readString(files.get(i));
      for (Path file : neighbours(twin, ".py")) {
        String module = file.getFileName().toString().replaceFirst("\\.py$", "");
        boolean isImported =
            Pattern.compile("(?m)^(from|import) " + module + "\\b").matcher(text).find();
        if (isImported && !files.contains(file)) {
          files.add(file);
        }
      }
    }
    return files.subList(1, files.size());
  }

  private static Implementation twin(String name, List<Source> sources) {
    Optional<StyledProgram> styledProgram = styledProgramInPython(name);
    List<String> about = sources.getFirst().about();
    return new Implementation(
        "python:" + name,
        styledProgram.isPresent() ? Group.PROGRAMS : Group.PYTHON,
        about.isEmpty() ? "" : about.getFirst(),
        Optional.empty(),
        styledProgram,
        sources);
  }

  private static Optional<StyledProgram> styledProgramInPython(String name) {
    int end = name.lastIndexOf('_');
    if (!name.startsWith(TWINS_OF_PROGRAMS) || end < 0) {
      return Optional.empty();
    }
    Optional<Program> program = Programs.named(name.substring(end + 1));
    String style = "python:" + name.substring(TWINS_OF_PROGRAMS.length(), end);
    return program.map(it -> new StyledProgram(it, style, ""));
  }

  private static String name(Path path) {
    return path.toString().replace('\\', '/');
  }
}
