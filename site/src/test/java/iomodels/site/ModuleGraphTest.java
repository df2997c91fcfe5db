package iomodels.site;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Checks that the module diagram in CONTRIBUTING.md has an arrow for each dependency in scope
 * {@code compile} between our own modules, and no other. {@code mvn verify -pl site -am -DskipITs
 * -Dmodules.write -Dtest=ModuleGraphTest -Dsurefire.failIfNoSpecifiedTests=false} updates it.
 */
class ModuleGraphTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path DOCUMENT = PROJECT.resolve("CONTRIBUTING.md");
  private static final String BEGIN = "<!-- modules -->\n";
  private static final String END = "<!-- end of modules -->";
  private static final Pattern ARROW = Pattern.compile(" *([\\w-]+) --> ([\\w-]+)");

  private record Arrow(String from, String to) {

    @Override
    public String toString() {
      return from + " --> " + to;
    }
  }

  @Test
  void theDiagramShowsTheDependenciesOfThePoms() throws Exception {
    String document = Files.readString(DOCUMENT);
    int begin = document.indexOf(BEGIN) + BEGIN.length();
    int end = document.indexOf(END);
    assertThat(begin).as("the marker %s", BEGIN.strip()).isBetween(BEGIN.length(), end);
    Set<Arrow> wanted = arrowsOfPoms();
    if (System.getProperty("modules.write") != null) {
      Files.writeString(
          DOCUMENT, document.substring(0, begin) + diagram(wanted) + document.substring(end));
    } else {
      assertThat(differences(arrowsOf(document.substring(begin, end)), wanted))
          .as("CONTRIBUTING.md differs from the poms; update its diagram with -Dmodules.write")
          .isEmpty();
    }
  }

  @Test
  void reportsMissingAndSurplusArrows() {
    Set<Arrow> drawn = arrowsOf("flowchart BT\n    cli --> core\n    core --> site\n");
    Set<Arrow> wanted = Set.of(new Arrow("cli", "core"), new Arrow("lab", "core"));
    assertThat(differences(drawn, wanted))
        .containsExactly("missing arrow: lab --> core", "surplus arrow: core --> site");
  }

  private static List<String> differences(Set<Arrow> drawn, Set<Arrow> wanted) {
    return Stream.concat(
            wanted.stream().filter(it -> !drawn.contains(it)).map(it -> "missing arrow: " + it),
            drawn.stream().filter(it -> !wanted.contains(it)).map(it -> "surplus arrow: " + it))
        .toList();
  }

  private static Set<Arrow> arrowsOf(String diagram) {
    return diagram
        .lines()
        .map(ARROW::matcher)
        .filter(Matcher::matches)
        .map(arrow -> new Arrow(arrow.group(1), arrow.group(2)))
        .collect(toCollection(LinkedHashSet::new));
  }

  private static String diagram(Set<Arrow> arrows) {
    return arrows.stream()
        .map(it -> "    " + it + "\n")
        .collect(joining("", "```mermaid\nflowchart BT\n", "```\n"));
  }

  /** Returns the arrows in the order of the root's modules and of the dependencies in each pom. */
  private static Set<Arrow> arrowsOfPoms() throws Exception {
    Element root = pom(PROJECT);
    String group = text(children(root, "parent").getFirst(), "groupId", "");
    Set<Arrow> arrows = new LinkedHashSet<>();
    for (Element module : children(children(root, "modules").getFirst(), "module")) {
      Element pom = pom(PROJECT.resolve(module.getTextContent().strip()));
      for (Element dependencies : children(pom, "dependencies")) {
        for (Element dependency : children(dependencies, "dependency")) {
          if (text(dependency, "groupId", "").equals(group)
              && text(dependency, "scope", "compile").equals("compile")) {
            arrows.add(new Arrow(text(pom, "artifactId", ""), text(dependency, "artifactId", "")));
          }
        }
      }
    }
    return arrows;
  }

  private static Element pom(Path folder) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(folder.resolve("pom.xml").toFile())
        .getDocumentElement();
  }

  /** Returns the child elements with a name. */
  private static List<Element> children(Element within, String name) {
    NodeList nodes = within.getChildNodes();
    return IntStream.range(0, nodes.getLength())
        .mapToObj(nodes::item)
        .flatMap(it -> it instanceof Element element ? Stream.of(element) : Stream.empty())
        .filter(it -> it.getTagName().equals(name))
        .toList();
  }

  private static String text(Element within, String name, String otherwise) {
    return children(within, name).stream()
        .findFirst()
        .map(it -> it.getTextContent().strip())
        .orElse(otherwise);
  }
}
