package iomodels.site;

import static java.util.stream.Collectors.joining;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.TreeScanner;
import iomodels.site.WrongCode.Difference;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the code of each wrong server, and its differences to the correct server. A factory method
 * creates the wrong server, a subclass of the correct server that overrides some methods: {@code
 * WrongServer.of("name", …, WrongX::method)}.
 */
final class WrongSources {

  private static final Path FOLDER = Path.of("wrong-servers/src/main/java/iomodels/wrong");

  /** The correct server that all others extend. */
  private static final String CORRECT = "CorrectServer";

  /** The correct servers, from which wrong servers are derived. */
  private static final List<String> TWINS =
      List.of("SequentialServer", "ReadsAheadServer", CORRECT);

  private final Map<String, JavaSource> twins;

  private WrongSources(Map<String, JavaSource> twins) {
    this.twins = twins;
  }

  /**
   * Reads the code of all wrong servers, by name, in the order of the rules.
   *
   * @param root the project's root
   * @throws IllegalArgumentException if the code of a wrong server is not found
   */
  static Map<String, WrongCode> read(Path root) throws IOException {
    Map<String, JavaSource> twins = new HashMap<>();
    for (String twin : TWINS) {
      twins.put(twin, JavaSource.parse(root, FOLDER.resolve(twin + ".java")));
    }
    WrongSources sources = new WrongSources(twins);
    Map<String, WrongCode> found = new HashMap<>();
    List<Path> files;
    try (Stream<Path> all = Files.list(root.resolve(FOLDER))) {
      files = all.map(Path::getFileName).filter(WrongSources::isWrongServer).sorted().toList();
    }
    for (Path file : files) {
      sources.addAll(JavaSource.parse(root, FOLDER.resolve(file)), found);
    }
    Map<String, WrongCode> inOrder = new LinkedHashMap<>();
    for (WrongServer server : WrongServers.all()) {
      WrongCode code = found.get(server.name());
      if (code == null) {
        throw new IllegalArgumentException(
            "WrongServer.of(\"%s\", …) not found in %s".formatted(server.name(), FOLDER));
      }
      inOrder.put(server.name(), code);
    }
    return inOrder;
  }

  private static boolean isWrongServer(Path file) {
    String name = file.toString();
    return name.startsWith("Wrong") && name.endsWith(".java");
  }

  /** Adds all wrong servers that a file declares. */
  private void addAll(JavaSource source, Map<String, WrongCode> found) {
    new TreeScanner<@Nullable Void, @Nullable Void>() {
      @Override
      public @Nullable Void visitMethodInvocation(
          MethodInvocationTree call, @Nullable Void nothing) {
        if (call.getMethodSelect() instanceof MemberSelectTree select
            && select.getExpression() instanceof IdentifierTree target
            && target.getName().contentEquals("WrongServer")
            && !call.getArguments().isEmpty()
            && call.getArguments().getLast() instanceof MemberReferenceTree made) {
          String name = firstText(call);
          WrongServers.named(name).ifPresent(it -> found.put(name, code(source, call, made, it)));
        }
        return super.visitMethodInvocation(call, null);
      }
    }.scan(source.type(), null);
  }

  private static String firstText(MethodInvocationTree call) {
    for (ExpressionTree argument : call.getArguments()) {
      if (argument instanceof LiteralTree literal && literal.getValue() instanceof String text) {
        return text;
      }
    }
    return "";
  }

  private WrongCode code(
      JavaSource source, MethodInvocationTree call, MemberReferenceTree made, WrongServer server) {
    boolean here =
        source.text(made.getQualifierExpression()).equals(source.type().getSimpleName().toString());
    Optional<MethodTree> factory =
        here ? JavaSource.method(source.type(), made.getName().toString(), 2) : Optional.empty();
    Tree tree = factory.isPresent() ? factory.get() : call;
    List<Difference> differences = factory.map(it -> differences(source, it)).orElse(List.of());
    return new WrongCode(
        server.name(),
        server.rule(),
        server.fault(),
        source.file(),
        source.line(tree),
        source.block(tree),
        differences);
  }

  /** A subclass of a correct server. */
  private record Subclass(String twin, ClassTree body) {}

  private List<Difference> differences(JavaSource source, MethodTree factory) {
    List<Difference> differences = new ArrayList<>(constants(source, factory));
    for (Subclass subclass : subclasses(source, factory)) {
      fields(source, subclass.body()).ifPresent(differences::add);
      for (Tree member : subclass.body().getMembers()) {
        if (member instanceof MethodTree method && method.getReturnType() != null) {
          differences.add(
              twin(subclass.twin(), method)
                  .map(it -> changed(source, method, it))
                  .orElseGet(() -> added(source, List.of(method))));
        }
      }
    }
    return differences;
  }

  /**
   * Returns the subclasses in a factory, in the methods of the same file that it calls, and those
   * of the same file that it instantiates.
   */
  private static Collection<Subclass> subclasses(JavaSource source, MethodTree factory) {
    Map<ClassTree, Subclass> found = new LinkedHashMap<>();
    Set<MethodTree> called = new HashSet<>();
    new TreeScanner<@Nullable Void, @Nullable Void>() {
      @Override
      public @Nullable Void visitNewClass(NewClassTree made, @Nullable Void nothing) {
        String type = source.text(made.getIdentifier());
        if (made.getClassBody() != null && TWINS.contains(type)) {
          found.put(made.getClassBody(), new Subclass(type, made.getClassBody()));
        }
        for (Tree member : source.type().getMembers()) {
          if (member instanceof ClassTree named && named.getSimpleName().contentEquals(type)) {
            visitClass(named, null);
          }
        }
        return super.visitNewClass(made, null);
      }

      @Override
      public @Nullable Void visitMethodInvocation(
          MethodInvocationTree call, @Nullable Void nothing) {
        if (call.getMethodSelect() instanceof IdentifierTree name) {
          JavaSource.method(source.type(), name.getName().toString(), call.getArguments().size())
              .filter(called::add)
              .ifPresent(it -> scan(it, null));
        }
        return super.visitMethodInvocation(call, null);
      }

      @Override
      public @Nullable Void visitClass(ClassTree type, @Nullable Void nothing) {
        Tree above = type.getExtendsClause();
        if (above != null && TWINS.contains(source.text(above))) {
          found.put(type, new Subclass(source.text(above), type));
        }
        return super.visitClass(type, null);
      }
    }.scan(factory, null);
    return found.values();
  }

  /** Returns the constants of the file that a factory uses. */
  private static List<Difference> constants(JavaSource source, MethodTree factory) {
    Set<String> used = new HashSet<>();
    new TreeScanner<@Nullable Void, @Nullable Void>() {
      @Override
      public @Nullable Void visitIdentifier(IdentifierTree tree, @Nullable Void nothing) {
        used.add(tree.getName().toString());
        return null;
      }
    }.scan(factory, null);
    List<Tree> constants = new ArrayList<>();
    for (Tree member : source.type().getMembers()) {
      if (member instanceof VariableTree it && used.contains(it.getName().toString())) {
        constants.add(it);
      }
    }
    return constants.isEmpty() ? List.of() : List.of(added(source, constants));
  }

  private static Optional<Difference> fields(JavaSource source, ClassTree type) {
    List<Tree> fields = new ArrayList<>();
    for (Tree member : type.getMembers()) {
      if (member instanceof VariableTree) {
        fields.add(member);
      }
    }
    return fields.isEmpty() ? Optional.empty() : Optional.of(added(source, fields));
  }

  /** Returns members that the correct server lacks, as a difference. */
  private static Difference added(JavaSource source, List<? extends Tree> members) {
    return new Difference(
        members.stream().map(WrongSources::name).collect(joining(", ")),
        true,
        source.file(),
        source.line(members.getFirst()),
        members.stream()
            .flatMap(member -> source.block(member).lines())
            .map(line -> "+" + line)
            .toList());
  }

  private static String name(Tree member) {
    return switch (member) {
      case MethodTree it -> it.getName().toString();
      case VariableTree it -> it.getName().toString();
      default -> throw new IllegalArgumentException("neither method nor field: " + member);
    };
  }

  /** A method of a correct server. */
  private record Twin(JavaSource source, MethodTree method) {}

  private Optional<Twin> twin(String nearest, MethodTree method) {
    for (String name : List.of(nearest, CORRECT)) {
      JavaSource source = twins.get(name);
      if (source == null) {
        continue;
      }
      Optional<MethodTree> found =
          JavaSource.method(
              source.type(), method.getName().toString(), method.getParameters().size());
      if (found.isPresent()) {
        return Optional.of(new Twin(source, found.get()));
      }
    }
    return Optional.empty();
  }

  private static Difference changed(JavaSource source, MethodTree method, Twin twin) {
    List<String> correct =
        InlinedOverride.lines(twin.source(), twin.method(), twin.source(), twin.method());
    List<String> wrong = InlinedOverride.lines(source, method, twin.source(), twin.method());
    return new Difference(
        method.getName().toString(),
        false,
        twin.source().file(),
        twin.source().line(twin.method()),
        LineDiff.unified(correct, wrong));
  }
}
