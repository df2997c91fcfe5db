package iomodels.site;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.site.Diagram.Row;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Tests that a diagram is drawn completely and legibly. */
class PhaseDiagramTest {

  private static final String SELECTOR =
      """
      lifelines: [loop, kernel]
      rows:
        - {arrow: loop>kernel, text: "Selector.select()"}
        - {phase: 1, states: {loop: wait, kernel: idle}}
        - {arrow: kernel>loop, text: "$one-ready"}
        - {arrow: loop>kernel, text: "SocketChannel.read()"}
        - {phase: 2, states: {loop: copy, kernel: copy}}
        - {arrow: kernel>loop, text: "n > 0"}
        - {states: {loop: work}}
      """;

  private static final String THREADS =
      """
      lifelines: [acceptor, thread, kernel]
      rows:
        - {arrow: acceptor>kernel, text: "ServerSocketChannel.accept()"}
        - {arrow: acceptor>thread, text: "Thread.start()"}
        - {phase: 1, states: {acceptor: wait, thread: wait, kernel: idle}}
        - {arrow: thread>kernel, text: "read()"}
        - {phase: 1, states: {acceptor: wait, thread: ask, kernel: idle}}
        - {phase: 2, states: {acceptor: wait, thread: copy, kernel: copy}}
      """;

  private static Diagram read(String yaml) {
    return YAMLMapper.builder().build().readValue(yaml, Diagram.class);
  }

  private static String word(String key) {
    return switch (key) {
      case "diagram.title" -> "How {model} waits";
      case "diagram.step.call" -> "{from} to {to}: {text}.";
      case "diagram.step.states" -> "{states}.";
      case "diagram.step.phase" -> "{phase}: {states}.";
      case "diagram.step.state" -> "{lifeline} {state}";
      case "diagram.step.separator" -> ", ";
      case "diagram.phase.1" -> "1: waiting for data";
      case "diagram.phase.2" -> "2: copying";
      default -> key.substring(key.lastIndexOf('.') + 1);
    };
  }

  private static Element drawn(String yaml) throws Exception {
    String svg = PhaseDiagram.svg("a-model", read(yaml), PhaseDiagramTest::word);
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(svg.getBytes(UTF_8)))
        .getDocumentElement();
  }

  /** Returns all elements of a class. */
  private static List<Element> all(Element within, String kind) {
    List<Element> found = new ArrayList<>();
    NodeList elements = within.getElementsByTagName("*");
    for (int i = 0; i < elements.getLength(); i++) {
      Element element = (Element) elements.item(i);
      if (List.of(element.getAttribute("class").split(" ")).contains(kind)) {
        found.add(element);
      }
    }
    return found;
  }

  private static double number(Element element, String attribute) {
    return Double.parseDouble(element.getAttribute(attribute));
  }

  @Test
  void everyRowIsDrawn() throws Exception {
    Element svg = drawn(SELECTOR);

    assertThat(all(svg, "arrow")).hasSize(4);
    assertThat(all(svg, "code"))
        .extracting(Element::getTextContent)
        .containsExactly("Selector.select()", "SocketChannel.read()", "n > 0");
    assertThat(all(svg, "told")).extracting(Element::getTextContent).containsExactly("one-ready");
    assertThat(all(svg, "heading"))
        .extracting(Element::getTextContent)
        .containsExactly("loop", "kernel");
    assertThat(all(svg, "bar"))
        .extracting(it -> it.getAttribute("class"))
        .containsExactly(
            "bar state-wait",
            "bar state-copy",
            "bar state-work",
            "bar state-idle",
            "bar state-copy");
    assertThat(all(svg, "phase"))
        .extracting(it -> it.getAttribute("class"))
        .containsExactly("phase phase-wait", "phase phase-copy");
    assertThat(all(svg, "bytes")).hasSize(1);
  }

  @Test
  void itIsAnImageWithADescriptionOfItsSteps() throws Exception {
    Element svg = drawn(SELECTOR);
    Element title = (Element) svg.getElementsByTagName("title").item(0);
    Element steps = (Element) svg.getElementsByTagName("desc").item(0);

    assertThat(svg.getAttribute("role")).isEqualTo("img");
    assertThat(svg.getAttribute("aria-labelledby"))
        .isEqualTo(title.getAttribute("id") + " " + steps.getAttribute("id"));
    assertThat(title.getTextContent()).isEqualTo("How a-model waits");
    assertThat(steps.getTextContent())
        .isEqualTo(
            "loop to kernel: Selector.select(). 1: waiting for data: loop wait, kernel idle."
                + " kernel to loop: one-ready. loop to kernel: SocketChannel.read()."
                + " 2: copying: loop copy, kernel copy. kernel to loop: n > 0. loop work.");
  }

  @Test
  void theStyleSheetDefinesTheColours() {
    String svg = PhaseDiagram.svg("a-model", read(THREADS), PhaseDiagramTest::word);

    assertThat(svg)
        .doesNotContain("style=", "stroke=", "#000")
        .doesNotContainPattern("fill=\"[^u]");
  }

  @Test
  void statesDifferInPatternAsWell() throws Exception {
    Element svg = drawn(THREADS);

    assertThat(all(svg, "pattern"))
        .extracting(it -> it.getAttribute("fill"))
        .contains(
            "url(#diagram-a-model-wait)",
            "url(#diagram-a-model-ask)",
            "url(#diagram-a-model-copy)");
    assertThat(all(svg, "hatch"))
        .extracting(it -> it.getAttribute("d"))
        .hasSize(3)
        .doesNotHaveDuplicates();
  }

  @Test
  void anUninterruptedStateHasOneBarAndOneBracket() throws Exception {
    Element svg = drawn(THREADS);

    assertThat(all(svg, "bar"))
        .extracting(it -> it.getAttribute("class"))
        .startsWith("bar state-wait", "bar state-wait", "bar state-ask");
    assertThat(all(svg, "phase")).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {SELECTOR, THREADS})
  void nothingOverlaps(String yaml) throws Exception {
    Element svg = drawn(yaml);
    List<Element> heads = all(svg, "head");
    for (int i = 1; i < heads.size(); i++) {
      Element left = heads.get(i - 1);
      assertThat(number(heads.get(i), "x"))
          .isGreaterThan(number(left, "x") + number(left, "width"));
    }
    List<Element> bars = all(svg, "fill");
    for (int i = 1; i < bars.size(); i++) {
      for (Element other : bars.subList(0, i)) {
        assertThat(apart(bars.get(i), other)).isTrue();
      }
    }
    for (Element text : all(svg, "code")) {
      double half = TextWidth.of(text.getTextContent(), 12, TextWidth.MONOSPACE) / 2;
      assertThat(number(text, "x") - half).isPositive();
      assertThat(number(text, "x") + half).isLessThan(number(svg, "width"));
    }
    assertThat(all(svg, "shaft"))
        .extracting(it -> it.getAttribute("d").replaceAll(".*,(.*)H.*", "$1"))
        .doesNotHaveDuplicates()
        .isSortedAccordingTo(Comparator.comparingDouble(Double::parseDouble));
  }

  private static boolean apart(Element one, Element other) {
    return number(one, "x") + number(one, "width") <= number(other, "x")
        || number(other, "x") + number(other, "width") <= number(one, "x")
        || number(one, "y") + number(one, "height") <= number(other, "y")
        || number(other, "y") + number(other, "height") <= number(one, "y");
  }

  @Test
  void aDiagramForASmallScreenIsNarrow() throws Exception {
    assertThat(number(drawn(SELECTOR), "width")).isLessThan(392);
    assertThat(number(drawn(THREADS), "width")).isLessThan(392);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          loop>kernel  | lop>kernel           | unknown lifeline 'lop' in the arrow 'lop>kernel'; write FROM>TO with two of [loop, kernel]
          loop>kernel  | loop                 | unknown lifeline '' in the arrow 'loop'
          loop>kernel  | loop>loop            | begins and ends on one lifeline
          loop: wait   | loop: waits          | unknown state 'waits'; the states are [wait, ask, copy, work, free, parked, idle]
          loop: wait   | thread: wait         | unknown lifeline 'thread'; the lifelines are [loop, kernel]
          phase: 1     | phase: 3             | unknown phase 3; the phases are 1 and 2
          [loop, kernel] | [kernel, loop]     | the kernel must be the last lifeline
          [loop, kernel] | [loop, colonel]    | unknown lifeline 'colonel'; the lifelines are [thread, handler
          [loop, kernel] | [kernel]           | at least two lifelines
          'text: "n > 0"' | 'phase: 1'        | an arrow needs a text
          '{states: {loop: work}}' | '{}'     | either an arrow or states, but this one has neither
          """)
  void anInvalidDiagramIsRejected(String right, String wrong, String message) {
    Diagram diagram = read(SELECTOR.replace(right, wrong));

    assertThatThrownBy(() -> PhaseDiagram.svg("a-model", diagram, PhaseDiagramTest::word))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("a-model")
        .hasMessageContaining(message);
  }

  @Test
  void theMessageNamesTheRow() {
    Diagram diagram =
        new Diagram(
            List.of("thread", "kernel"),
            List.of(
                Row.arrow("thread>kernel", "read()"), Row.states(1, Map.of("thread", "sleep"))));

    assertThatThrownBy(() -> PhaseDiagram.svg("a-model", diagram, PhaseDiagramTest::word))
        .hasMessageStartingWith("a-model, row 2: unknown state 'sleep'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Selector.select()            | 20 | Selector.select()
          ServerSocketChannel.accept() | 20 | ServerSocketChannel/.accept()
          1: waiting for data          | 12 | 1: waiting/for data
          epoll_ctl(ADD, fd)           | 15 | epoll_ctl(ADD,/fd)
          received(chunk)              | 14 | received(chunk)
          已就绪的通知                  |  8 | 已就绪的/通知
          unbreakable                  |  4 | unbreakable
          """)
  void longTextsAreWrapped(String text, int most, String lines) {
    assertThat(String.join("/", TextWidth.wrapped(text, most))).isEqualTo(lines);
  }

  @Test
  void chineseCharactersAreWider() {
    assertThat(TextWidth.of("等待", 10, 0.5)).isEqualTo(20);
    assertThat(TextWidth.of("wait", 10, 0.5)).isEqualTo(20);
    assertThat(Optional.of(TextWidth.isWide('，'))).contains(true);
  }
}
