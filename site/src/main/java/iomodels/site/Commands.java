package iomodels.site;

import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.site.Implementation.StyledProgram;
import java.util.List;
import java.util.Map;

/** The commands that serve, judge and trace a server, for a shell in the folder of the project. */
public final class Commands {

  private static final String ME = "./iomodels ";

  /** What serves a program besides its name, with the ports of a first try. */
  private static final Map<Program, String> SERVE_WITH =
      Map.of(
          Programs.RELAY, " --upstream 127.0.0.1:9000",
          Programs.GATHER, " --upstream 127.0.0.1:9000 --upstream 127.0.0.1:9001",
          Programs.OFFLOAD, " --folder .",
          Programs.HTTP, " --folder .");

  /** The arguments of a program in Python, as {@code conform --exec} replaces them. */
  private static final Map<Program, String> ARGUMENTS =
      Map.of(
          Programs.RELAY, "{port} {upstreams}",
          Programs.GATHER, "{port} {deadline} {upstreams}",
          Programs.OFFLOAD, "{port} {folder}",
          Programs.HTTP, "{port} {folder}");

  private Commands() {}

  /**
   * A command.
   *
   * @param kind what it does: {@code serve}, {@code connect}, {@code judge} or {@code trace}
   */
  public record Command(String kind, String text) {}

  /** Returns the commands of a server. A trace is for models: programs have other clients. */
  static List<Command> of(Implementation implementation) {
    boolean isPython = implementation.page().endsWith(".py");
    return implementation
        .styledProgram()
        .map(it -> isPython ? inPython(implementation.page(), it.program()) : inStyle(it))
        .orElseGet(() -> isPython ? inPython(implementation) : ofModel(implementation));
  }

  private static List<Command> ofModel(Implementation model) {
    return List.of(
        new Command("serve", ME + "serve " + model.id()),
        new Command("judge", ME + "conform " + model.id()),
        new Command("trace", ME + "trace " + model.id()));
  }

  private static List<Command> inPython(Implementation twin) {
    String exec = exec(twin.page(), "{port}");
    return List.of(
        new Command("serve", "python3 %s 8080".formatted(twin.page())),
        new Command("judge", ME + "conform " + exec),
        new Command("trace", ME + "trace %s --name %s".formatted(exec, twin.file())));
  }

  private static List<Command> inStyle(StyledProgram it) {
    Program program = it.program();
    String serve = ME + "serve %s --program %s".formatted(it.style(), program);
    return List.of(
        new Command("serve", serve + SERVE_WITH.getOrDefault(program, "")),
        new Command("judge", ME + "conform --program %s %s".formatted(program, it.style())));
  }

  private static List<Command> inPython(String page, Program program) {
    String arguments = ARGUMENTS.getOrDefault(program, "{port}");
    String serve =
        arguments
            .replace("{port}", "8080")
            .replace("{deadline}", "1000")
            .replace("{upstreams}", program.equals(Programs.GATHER) ? "9000 9001" : "9000")
            .replace("{folder}", ".");
    return List.of(
        new Command("serve", "python3 %s %s".formatted(page, serve)),
        new Command(
            "judge", ME + "conform --program %s %s".formatted(program, exec(page, arguments))));
  }

  /** Returns the commands of the Java client. */
  static List<Command> ofClient() {
    return List.of(
        new Command("connect", ME + "connect"),
        new Command("judge", ME + "conform --client '%sconnect {port}'".formatted(ME)));
  }

  /** Returns the commands of a client in Python. */
  static List<Command> ofClient(String page) {
    return List.of(
        new Command("connect", "python3 %s 8080".formatted(page)),
        new Command("judge", ME + "conform --client 'exec python3 %s {port}'".formatted(page)));
  }

  private static String exec(String page, String arguments) {
    return "--exec 'exec python3 %s %s'".formatted(page, arguments);
  }
}
