package iomodels.site;

import static java.util.stream.Collectors.joining;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A Java source file, parsed but not compiled: its syntax trees and the text of each. */
final class JavaSource {

  private final Path file;
  private final CompilationUnitTree unit;
  private final SourcePositions positions;
  private final String text;

  private JavaSource(Path file, CompilationUnitTree unit, SourcePositions positions, String text) {
    this.file = file;
    this.unit = unit;
    this.positions = positions;
    this.text = text;
  }

  /** Parses the file at a path relative to the root. */
  static JavaSource parse(Path root, Path file) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IllegalStateException("this Java runtime has no compiler; use a JDK");
    }
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null,
                  files,
                  null,
                  List.of("-proc:none"),
                  null,
                  files.getJavaFileObjects(root.resolve(file)));
      CompilationUnitTree unit = task.parse().iterator().next();
      String text = unit.getSourceFile().getCharContent(true).toString();
      return new JavaSource(file, unit, Trees.instance(task).getSourcePositions(), text);
    }
  }

  /** Returns the path relative to the root. */
  Path file() {
    return file;
  }

  /** Returns the top-level class. */
  ClassTree type() {
    return unit.getTypeDecls().stream()
        .filter(ClassTree.class::isInstance)
        .map(ClassTree.class::cast)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no class in " + file));
  }

  /** Finds a method of a class by its name and number of parameters. */
  static Optional<MethodTree> method(ClassTree type, String name, int parameters) {
    return type.getMembers().stream()
        .filter(MethodTree.class::isInstance)
        .map(MethodTree.class::cast)
        .filter(it -> it.getName().contentEquals(name) && it.getParameters().size() == parameters)
        .findFirst();
  }

  int start(Tree tree) {
    return Math.toIntExact(positions.getStartPosition(unit, tree));
  }

  int end(Tree tree) {
    return Math.toIntExact(positions.getEndPosition(unit, tree));
  }

  int line(Tree tree) {
    return Math.toIntExact(unit.getLineMap().getLineNumber(start(tree)));
  }

  String text(Tree tree) {
    return text.substring(start(tree), end(tree));
  }

  String text(int start, int end) {
    return text.substring(start, end);
  }

  /** Returns the column at which a tree begins, from 0. */
  int column(Tree tree) {
    return start(tree) - (text.lastIndexOf('\n', start(tree)) + 1);
  }

  /** Returns the end of the tree's last line, which may contain a comment after the tree. */
  int endOfLine(Tree tree) {
    return text.indexOf('\n', end(tree));
  }

  /** Returns the text of a tree without its common indentation. */
  String block(Tree tree) {
    return dedented(" ".repeat(column(tree)) + text(tree));
  }

  /** Removes the indentation that all lines have in common. */
  static String dedented(String block) {
    int indent =
        block
            .lines()
            .filter(line -> !line.isBlank())
            .mapToInt(line -> line.length() - line.stripLeading().length())
            .min()
            .orElse(0);
    return block
        .lines()
        .map(line -> line.isBlank() ? "" : line.substring(indent))
        .collect(joining("\n"));
  }
}
