package iomodels.cli.targets;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.output.ShellQuoting;
import iomodels.cli.output.UserError;
import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ProgramAddressTarget;
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

/** Selects programs to judge. */
public final class ProgramTargets {

  /** An upstream for a program that is only started: it is never connected to. */
  static final InetSocketAddress UNUSED =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 9);

  private ProgramTargets() {}

  /**
   * The programs that a command line selects, not started yet.
   *
   * @param names names of styles
   * @param examples names of frameworks whose examples are judged
   * @param all whether to add all other styles
   * @param commands commands of outside programs
   * @param addresses addresses of programs that run already
   * @return the programs, by the arguments that select them
   */
  public static Map<String, ProgramTarget> of(
      Program program,
      List<String> names,
      boolean all,
      List<String> examples,
      List<String> commands,
      List<String> addresses)
      throws UserError, InterruptedException {
    Map<String, ProgramTarget> targets = new LinkedHashMap<>();
    for (String command : commands) {
      demandPlaceholders(program, command);
      targets.put(
          "--program %s --exec %s".formatted(program, ShellQuoting.quoted(command)),
          new ProgramCommandTarget(program, command));
    }
    List<StyleProvider> styles = new ArrayList<>();
    for (String name : names) {
      styles.add(ArgumentResolver.style(name, program));
    }
    if (all) {
      ArgumentResolver.styles(program).stream()
          .filter(it -> !names.contains(it.style()))
          .forEach(styles::add);
    }
    for (StyleProvider style : styles) {
      targets.put(
          "--program %s %s".formatted(program, style.style()),
          StyleTarget.toBeJudged(style, program));
    }
    for (String example : examples) {
      targets.put(
          "--program %s --example %s".formatted(program, example),
          StyleTarget.toBeJudged(ArgumentResolver.example(example, program), program));
    }
    for (String address : addresses) {
      targets.put(
          "--program %s --target %s".formatted(program, address),
          new ProgramAddressTarget(program, ArgumentResolver.server(address)));
    }
    if (targets.isEmpty()) {
      throw new UserError(
          "name a STYLE (%s), or give --exec 'COMMAND {port}'"
              .formatted(ArgumentResolver.names(ArgumentResolver.styles(program))));
    }
    return targets;
  }

  private static void demandPlaceholders(Program program, String command) throws UserError {
    if (!command.contains("{port}")) {
      throw new UserError("--exec needs {port} where the command takes its port");
    }
    boolean turnsToOthers = program.equals(Programs.RELAY) || program.equals(Programs.GATHER);
    if (turnsToOthers && !command.contains("{upstreams}")) {
      throw new UserError(
          "--exec needs {upstreams} where the command takes the ports of the upstreams of %s"
              .formatted(program));
    }
    if (program.equals(Programs.GATHER) && !command.contains("{deadline}")) {
      throw new UserError(
          "--exec needs {deadline} where the command takes the time limit of a request in"
              + " milliseconds");
    }
    boolean readsFiles = program.equals(Programs.OFFLOAD) || program.equals(Programs.HTTP);
    if (readsFiles && !command.contains("{folder}")) {
      throw new UserError("--exec needs {folder} where the command takes the folder to read from");
    }
  }

  /**
   * Starts a program once, and stops it.
   *
   * @throws IOException if it does not start; the message is the program's own
   */
  public static void demandThatItStarts(ProgramTarget target)
      throws IOException, InterruptedException {
    try (Instance _ = target.launch(ProgramConfig.onLoopback(List.of(UNUSED)))) {
      // It starts.
    }
  }
}
