package iomodels.site;

import static java.util.stream.Collectors.joining;

import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ExpressionStatementTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.StatementTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.TreeScanner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An overriding method whose calls to the overridden method are inlined: {@code super.say(it);}
 * becomes the body of {@code say}. Without this, a comparison of the two methods would show code as
 * removed that still runs. A call stays if inlining it would change the meaning.
 */
final class InlinedOverride {

  private final JavaSource source;
  private final MethodTree method;
  private final JavaSource twinSource;
  private final MethodTree twin;

  private record Edit(int start, int end, String replacement) {}

  private InlinedOverride(
      JavaSource source, MethodTree method, JavaSource twinSource, MethodTree twin) {
    this.source = source;
    this.method = method;
    this.twinSource = twinSource;
    this.twin = twin;
  }

  /**
   * Returns the lines of a method after inlining.
   *
   * @param twin the overridden method
   */
  static List<String> lines(
      JavaSource source, MethodTree method, JavaSource twinSource, MethodTree twin) {
    return new InlinedOverride(source, method, twinSource, twin).lines();
  }

  private List<String> lines() {
    BlockTree body = method.getBody();
    List<Edit> edits = new ArrayList<>();
    new Finder(edits).scan(body, null);
    String own = edited(source, source.start(body), source.end(body), edits);
    boolean sameHead = names(method).equals(names(twin));
    JavaSource headSource = sameHead ? twinSource : source;
    MethodTree headMethod = sameHead ? twin : method;
    String head =
        headSource.text(headSource.start(headMethod), headSource.start(headMethod.getBody()));
    List<String> lines = new ArrayList<>(hanging(head.stripTrailing(), headSource, headMethod));
    List<String> bodyLines = hanging(own, source, method);
    lines.set(lines.size() - 1, lines.getLast() + " " + bodyLines.getFirst());
    lines.addAll(bodyLines.subList(1, bodyLines.size()));
    return lines.stream().filter(line -> !line.strip().equals("@Override")).toList();
  }

  private static List<String> names(MethodTree method) {
    return method.getParameters().stream().map(it -> it.getName().toString()).toList();
  }

  /** Returns the lines of a text in a method, without the method's own indentation. */
  private static List<String> hanging(String text, JavaSource source, MethodTree method) {
    int column = source.column(method);
    List<String> lines = text.lines().toList();
    List<String> moved = new ArrayList<>(List.of(lines.getFirst()));
    for (String line : lines.subList(1, lines.size())) {
      moved.add(line.substring(Math.min(column, line.length() - line.stripLeading().length())));
    }
    return moved;
  }

  private static String edited(JavaSource source, int start, int end, List<Edit> edits) {
    StringBuilder text = new StringBuilder(source.text(start, end));
    edits.stream()
        .sorted((a, b) -> Integer.compare(b.start, a.start))
        .forEach(it -> text.replace(it.start - start, it.end - start, it.replacement));
    return text.toString();
  }

  /** Finds the calls of the overridden method, each with its enclosing statement. */
  private final class Finder extends TreeScanner<@Nullable Void, @Nullable Void> {

    private final List<Edit> edits;
    private @Nullable StatementTree statement;

    private Finder(List<Edit> edits) {
      this.edits = edits;
    }

    @Override
    public @Nullable Void visitBlock(BlockTree block, @Nullable Void nothing) {
      for (StatementTree each : block.getStatements()) {
        StatementTree outer = statement;
        statement = each;
        scan(each, null);
        statement = outer;
      }
      return null;
    }

    @Override
    public @Nullable Void visitLambdaExpression(
        LambdaExpressionTree lambda, @Nullable Void nothing) {
      return null; // The body of a lambda may run later and in another thread.
    }

    @Override
    public @Nullable Void visitMethodInvocation(MethodInvocationTree call, @Nullable Void nothing) {
      if (statement != null && isOfSuper(call)) {
        inlined(call, statement).ifPresent(edits::add);
      }
      return super.visitMethodInvocation(call, null);
    }
  }

  private boolean isOfSuper(MethodInvocationTree call) {
    return call.getMethodSelect() instanceof MemberSelectTree select
        && select.getExpression() instanceof IdentifierTree target
        && target.getName().contentEquals("super")
        && select.getIdentifier().contentEquals(twin.getName())
        && call.getArguments().size() == twin.getParameters().size();
  }

  /** Returns the replacement for a statement with such a call, or empty if the call must stay. */
  private Optional<Edit> inlined(MethodInvocationTree call, StatementTree statement) {
    List<? extends StatementTree> steps = twin.getBody().getStatements();
    if (steps.isEmpty()) {
      return Optional.empty();
    }
    Optional<List<Edit>> arguments = arguments(call);
    boolean alone =
        statement instanceof ExpressionStatementTree it && it.getExpression().equals(call);
    int returns = returns();
    if (arguments.isEmpty() || returns > 1) {
      return Optional.empty();
    }
    if (alone && returns == 0) {
      return Optional.of(
          replaced(statement, steps(steps.getFirst(), steps.getLast(), arguments.get())));
    }
    if (!(steps.getLast() instanceof ReturnTree last) || last.getExpression() == null) {
      return Optional.empty();
    }
    ExpressionTree result = last.getExpression();
    String value =
        edited(twinSource, twinSource.start(result), twinSource.end(result), arguments.get());
    if (steps.size() == 1) {
      return Optional.of(new Edit(source.start(call), source.end(call), value));
    }
    Optional<ExpressionTree> whole = expression(statement);
    if (whole.isEmpty() || source.start(whole.get()) != source.start(call)) {
      return Optional.empty(); // The statement evaluates something before the call.
    }
    String before = steps(steps.getFirst(), steps.get(steps.size() - 2), arguments.get());
    boolean named =
        statement instanceof VariableTree variable && variable.getName().contentEquals(value);
    if (named) {
      return Optional.of(replaced(statement, before));
    }
    boolean apart = result instanceof BinaryTree && !(whole.get() instanceof BinaryTree);
    String then =
        source.text(source.start(statement), source.start(call))
            + (apart && !whole.get().equals(call) ? "(" + value + ")" : value)
            + source.text(source.end(call), source.end(statement));
    return Optional.of(replaced(statement, before + "\n" + then));
  }

  private static Optional<ExpressionTree> expression(StatementTree statement) {
    return switch (statement) {
      case ReturnTree it -> Optional.ofNullable(it.getExpression());
      case VariableTree it -> Optional.ofNullable(it.getInitializer());
      default -> Optional.empty();
    };
  }

  /** Returns a range of the twin's statements, without their common indentation. */
  private String steps(StatementTree first, StatementTree last, List<Edit> arguments) {
    int start = twinSource.start(first);
    int end = twinSource.endOfLine(last);
    List<Edit> within =
        arguments.stream().filter(it -> start <= it.start && it.end <= end).toList();
    String text = edited(twinSource, start, end, within);
    return JavaSource.dedented(" ".repeat(twinSource.column(first)) + text);
  }

  /** Replaces a statement by lines, indented like the statement. */
  private Edit replaced(StatementTree statement, String lines) {
    String margin = " ".repeat(source.column(statement));
    String moved = lines.lines().collect(joining("\n" + margin));
    return new Edit(source.start(statement), source.end(statement), moved);
  }

  private int returns() {
    List<Tree> found = new ArrayList<>();
    new TreeScanner<@Nullable Void, @Nullable Void>() {
      @Override
      public @Nullable Void visitReturn(ReturnTree tree, @Nullable Void nothing) {
        found.add(tree);
        return null;
      }

      @Override
      public @Nullable Void visitLambdaExpression(
          LambdaExpressionTree lambda, @Nullable Void nothing) {
        return null;
      }
    }.scan(twin.getBody(), null);
    return found.size();
  }

  /**
   * Returns the edits that replace parameters by arguments, or empty if an argument would not be
   * evaluated exactly once.
   */
  private Optional<List<Edit>> arguments(MethodInvocationTree call) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < call.getArguments().size(); i++) {
      String parameter = twin.getParameters().get(i).getName().toString();
      String argument = source.text(call.getArguments().get(i));
      if (!parameter.equals(argument)) {
        values.put(parameter, argument);
      }
    }
    List<Edit> edits = new ArrayList<>();
    Map<String, Integer> uses = new HashMap<>();
    new TreeScanner<@Nullable Void, @Nullable Void>() {
      @Override
      public @Nullable Void visitIdentifier(IdentifierTree tree, @Nullable Void nothing) {
        String name = tree.getName().toString();
        String value = values.get(name);
        if (value != null) {
          uses.merge(name, 1, Integer::sum);
          edits.add(new Edit(twinSource.start(tree), twinSource.end(tree), value));
        }
        return null;
      }
    }.scan(twin.getBody(), null);
    // An argument may have side effects.
    return values.keySet().stream().allMatch(it -> uses.getOrDefault(it, 0) == 1)
        ? Optional.of(edits)
        : Optional.empty();
  }
}
