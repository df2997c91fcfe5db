package iomodels.cli;

import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ProgramCommandTarget;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.StyleTarget;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Programs that are to be judged. */
final class ProgramTargets {

  /** Nobody connects to what is started with it, and so it does not connect either. */
  static final InetSocketAddress NOBODY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 9);

  private ProgramTargets() {}

  /**
   * None of them is started yet.
   *
   * @param names of styles
   * @param all whether all others are wanted as well
   * @param commands of outside programs
   * @return by how each is named on the command line
   */
  static Map<String, ProgramTarget> of(
      Program program, List<String> names, boolean all, List<String> commands) throws Failure {
    Map<String, ProgramTarget> targets = new LinkedHashMap<>();
    for (String command : commands) {
      demandPlaceholders(program, command);
      targets.put(
          "--program %s --exec %s".formatted(program, Shell.quoted(command)),
          new ProgramCommandTarget(program, command));
    }
    List<StyleProvider> styles = new ArrayList<>();
    for (String name : names) {
      styles.add(Choices.style(name, program));
    }
    if (all) {
      Choices.styles(program).stream()
          .filter(it -> !names.contains(it.style()))
          .forEach(styles::add);
    }
    for (StyleProvider style : styles) {
      targets.put(
          "--program %s %s".formatted(program, style.style()),
          StyleTarget.toBeJudged(style, program));
    }
    if (targets.isEmpty()) {
      throw new Failure(
          "name a STYLE (%s), or give --exec 'COMMAND {port}'"
              .formatted(Choices.names(Choices.styles(program))));
    }
    return targets;
  }

  private static void demandPlaceholders(Program program, String command) throws Failure {
    if (!command.contains("{port}")) {
      throw new Failure("--exec needs {port} where the command takes its port");
    }
    boolean turnsToOthers = program.equals(Programs.RELAY) || program.equals(Programs.GATHER);
    if (turnsToOthers && !command.contains("{upstreams}")) {
      throw new Failure(
          "--exec needs {upstreams} where the command takes the ports that %s turns to"
              .formatted(program));
    }
    if (program.equals(Programs.GATHER) && !command.contains("{deadline}")) {
      throw new Failure(
          "--exec needs {deadline} where the command takes the milliseconds that a request may"
              + " take");
    }
    if (program.equals(Programs.OFFLOAD) && !command.contains("{folder}")) {
      throw new Failure("--exec needs {folder} where the command takes the folder to read from");
    }
  }

  /**
   * Starts it once, to see whether it can be started at all.
   *
   * @throws IOException if not, with its own words
   */
  static void demandThatItStarts(ProgramTarget target) throws IOException, InterruptedException {
    try (Instance _ = target.launch(ProgramConfig.onLoopback(List.of(NOBODY)))) {
      // That is all.
    }
  }
}
