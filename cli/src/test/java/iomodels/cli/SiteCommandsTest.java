package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.lookup.ServerNames;
import iomodels.cli.output.UserError;
import iomodels.cli.targets.BenchServers;
import iomodels.program.Program;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The commands on the pages of the study site are commands, and name servers that there are. */
class SiteCommandsTest {

  /** The commands whose parameters are names of servers or styles. */
  private static final Set<String> OF_SERVERS =
      Set.of("serve", "conform", "compare", "trace", "bench");

  @Test
  void eachIsUnderstood() throws IOException {
    CommandLine parser = Main.commandLine();
    List<String> wrong = new ArrayList<>();
    for (String command : SiteCommands.all()) {
      try {
        String[] words = SiteCommands.words(command).toArray(String[]::new);
        ParseResult parsed = parser.parseArgs(words).subcommand();
        if (OF_SERVERS.contains(parsed.commandSpec().name())) {
          demandServers(parsed);
        }
      } catch (ParameterException | UserError e) {
        wrong.add("%s: %s".formatted(command, e.getMessage()));
      }
    }
    assertThat(wrong).isEmpty();
  }

  private static void demandServers(ParseResult parsed) throws UserError {
    if (parsed.hasMatchedOption("--wrong")) {
      for (String name : parsed.matchedOption("--wrong").stringValues()) {
        var _ = ArgumentResolver.wrong(name);
      }
    }
    for (PositionalParamSpec each : parsed.matchedPositionals()) {
      for (String name : each.stringValues()) {
        if (parsed.hasMatchedOption("--program")) {
          Program program =
              ArgumentResolver.program(parsed.matchedOption("--program").stringValues().getFirst());
          var _ = ArgumentResolver.style(name, program);
        } else if (!name.startsWith("$") && !isModel(name)) { // A shell replaces $model.
          var _ = ServerNames.server(name);
        }
      }
    }
  }

  /** Whether there is such a model, which need not work on this machine, or a server in C. */
  private static boolean isModel(String name) {
    return ServerProvider.named(name).isPresent() || BenchServers.isYardstick(name);
  }

  @Test
  void eachKindIsThere() throws IOException {
    assertThat(SiteCommands.all())
        .contains("serve tutorial-select", "conform tutorial-select", "trace tutorial-select")
        .contains("serve vertx --program chat", "conform --program chat vertx")
        .anyMatch(it -> it.startsWith("conform --exec 'exec python3 python-twins/"))
        .anyMatch(it -> it.startsWith("trace --exec 'exec python3 python-twins/"));
  }
}
