package iomodels.wrong.program;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;

import iomodels.program.Program;
import iomodels.server.spi.StyleProvider;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Wrong programs: for every rule of the conformance kit that is one for a program at least one that
 * breaks it, and the correct ones that they differ from.
 */
public final class WrongPrograms {

  private static final List<WrongProgram> ALL =
      Stream.of(WrongRelays.ALL, WrongGathers.ALL, WrongChats.ALL, WrongOffloads.ALL)
          .flatMap(List::stream)
          .toList();

  private static final Map<Program, WrongProgram.Factory> CORRECT =
      Map.of(
          RELAY, CorrectRelay::new,
          GATHER, CorrectGather::new,
          CHAT, CorrectChat::new,
          OFFLOAD, CorrectOffload::new);

  private WrongPrograms() {}

  /** All of them, in the order of the rules. */
  public static List<WrongProgram> all() {
    return ALL;
  }

  /** The one of that name, if there is one. */
  public static Optional<WrongProgram> named(String name) {
    return ALL.stream().filter(it -> it.name().equals(name)).findFirst();
  }

  /** A style in which there is nothing but the wrong program of that name, or one correct twin. */
  public static Optional<StyleProvider> style(String name) {
    return Stream.concat(
            ALL.stream().map(it -> style(it.name(), it.program(), it.starter())),
            CORRECT.keySet().stream().map(WrongPrograms::correctStyle))
        .filter(it -> it.style().equals(name))
        .findFirst();
  }

  /** The style in which there is nothing but the correct twin of that program. */
  public static StyleProvider correctStyle(Program program) {
    return style("correct-" + program.name(), program, correctTwin(program));
  }

  private static StyleProvider style(String name, Program program, StyleProvider.Starter starter) {
    List<StyleProvider.Page> pages =
        List.of(new StyleProvider.Page(program, CorrectProgram.class, "virtual threads", starter));
    return new StyleProvider() {
      @Override
      public String style() {
        return name;
      }

      @Override
      public String summary() {
        return "Wrong on purpose, or what such a program differs from";
      }

      @Override
      public List<Page> pages() {
        return pages;
      }
    };
  }

  /** What the wrong ones of that program differ from in one step: it keeps every rule. */
  public static StyleProvider.Starter correctTwin(Program program) {
    return Optional.ofNullable(CORRECT.get(program)).map(WrongProgram::starting).orElseThrow();
  }
}
