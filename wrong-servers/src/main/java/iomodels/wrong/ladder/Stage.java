package iomodels.wrong.ladder;

import static java.util.stream.Collectors.joining;

import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.program.WrongPrograms;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A stage of the ladder. It is passed when all its rules are kept.
 *
 * @param number its place, from 1
 * @param name short and stable, in kebab case
 * @param program the program to build; empty if it is a server of services
 * @param services the services that the server provides; empty for a program
 * @param claims the capabilities that the stage demands
 * @param rules the ids of the rules by which it is judged
 * @param wrong the name of a server, or of a program, that breaks one of the rules
 * @param passages where five implementations of this project take the step
 */
public record Stage(
    int number,
    String name,
    Optional<Program> program,
    List<Service> services,
    Set<Capability> claims,
    List<String> rules,
    String wrong,
    List<Passage> passages) {

  static final String PORT = "{port}";
  static final String SERVICE = "{service}";

  /** Returns the text in a language. */
  public StageText text(Language language) {
    return StageText.read(name, language);
  }

  /** Returns the names of the services, separated by commas; empty for a program. */
  public String serviceNames() {
    return services.stream().map(Service::name).collect(joining(","));
  }

  /**
   * Returns the placeholders that a command for this stage contains: for the port, for the name of
   * a service other than {@code upper}, and for what a program needs.
   */
  public List<String> placeholders() {
    List<String> placeholders = new ArrayList<>(List.of(PORT));
    if (program.filter(Programs.RELAY::equals).isPresent()) {
      placeholders.add("{upstreams}");
    } else if (program.filter(Programs.HTTP::equals).isPresent()) {
      placeholders.add("{folder}");
    } else if (!services.equals(List.of(Services.UPPER))) {
      placeholders.add(SERVICE);
    }
    return List.copyOf(placeholders);
  }

  /** Returns the arguments of the command {@code iomodels} that show how the wrong server fails. */
  public String failing() {
    return program
        .flatMap(_ -> WrongPrograms.named(wrong))
        .map(it -> "conform --program %s %s --rule %s".formatted(it.program(), wrong, it.rule()))
        .orElseGet(() -> "conform --wrong " + wrong);
  }
}
