package iomodels.wrong.program;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.HTTP;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;

import iomodels.program.Program;
import iomodels.server.spi.StyleProvider;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The wrong programs: for every rule on programs at least one program that breaks it, and the
 * correct twins that they are derived from.
 */
public final class WrongPrograms {

  private static final List<WrongProgram> ALL =
      Stream.of(
              WrongRelays.ALL, WrongGathers.ALL, WrongChats.ALL, WrongOffloads.ALL, WrongHttps.ALL)
          .flatMap(List::stream)
          .toList();

  private static final Map<Program, WrongProgram.Factory> CORRECT =
      Map.of(
          RELAY, CorrectRelay::new,
          GATHER, CorrectGather::new,
          CHAT, CorrectChat::new,
          OFFLOAD, CorrectOffload::new,
          HTTP, CorrectHttp::new);

  private WrongPrograms() {}

  /** Returns all wrong programs, in the order of the rules. */
  public static List<WrongProgram> all() {
    return ALL;
  }

  /** Returns the wrong program of this name, if it exists. */
  public static Optional<WrongProgram> named(String name) {
    return ALL.stream().filter(it -> it.name().equals(name)).findFirst();
  }

  /** Returns a style that consists of one wrong program, or of one correct twin. */
  public static Optional<StyleProvider> style(String name) {
    return Stream.concat(
            ALL.stream().map(it -> style(it.name(), it.program(), it.starter())),
            CORRECT.keySet().stream().map(WrongPrograms::correctStyle))
        .filter(it -> it.style().equals(name))
        .findFirst();
  }

  /** Returns a style that consists of the correct twin of this program. */
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
        return "A program that is wrong on purpose, or its correct twin";
      }

      @Override
      public List<Page> pages() {
        return pages;
      }
    };
  }

  /** Returns the program that the wrong ones differ from in one step. It keeps every rule. */
  public static StyleProvider.Starter correctTwin(Program program) {
    return Optional.ofNullable(CORRECT.get(program)).map(WrongProgram::starting).orElseThrow();
  }
}
