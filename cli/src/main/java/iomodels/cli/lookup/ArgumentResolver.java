package iomodels.cli.lookup;

import static java.util.stream.Collectors.joining;

import iomodels.cli.output.RuleIds;
import iomodels.cli.output.UserError;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.Connector;
import iomodels.conformance.targets.HostAndPort;
import iomodels.examples.Example;
import iomodels.examples.Examples;
import iomodels.examples.HttpExamples;
import iomodels.examples.ProgramExample;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Stage;
import iomodels.wrong.program.WrongPrograms;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds models, programs, services and addresses by the names on the command line.
 *
 * <p>Every method throws a {@link UserError} for an unknown name; its message names the known one
 * that is meant, or lists all.
 */
public final class ArgumentResolver {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  private ArgumentResolver() {}

  /** All models on the module path. */
  public static List<ServerProvider> models() throws UserError {
    List<ServerProvider> installed = ServerProvider.installed();
    if (installed.isEmpty()) {
      throw new UserError("no model is on the module path; start this program with ./iomodels");
    }
    return installed;
  }

  /** The model of that name, even if it does not work on this machine. */
  public static ServerProvider model(String name) throws UserError {
    List<ServerProvider> models = models();
    for (ServerProvider model : models) {
      if (model.card().name().equals(name)) {
        return model;
      }
    }
    throw unknown("model", name, models.stream().map(it -> it.card().name()).toList());
  }

  /** The model of that name; fails if it does not work on this machine. */
  public static ServerProvider availableModel(String name) throws UserError {
    ServerProvider model = model(name);
    Availability availability = model.availability();
    if (!availability.here()) {
      throw new UserError("%s does not work here: %s".formatted(name, availability.reason()));
    }
    return model;
  }

  /** The program of that name. */
  public static Program program(String name) throws UserError {
    Optional<Program> program = Programs.named(name);
    if (program.isEmpty()) {
      throw unknown("program", name, Programs.all().stream().map(Program::name).toList());
    }
    return program.get();
  }

  /**
   * The style of that name, the wrong program of that name, or the example of a name such as {@code
   * example-vertx}; fails if it does not have the program.
   */
  public static StyleProvider style(String name, Program program) throws UserError {
    if (name.startsWith(Examples.PREFIX)) {
      return example(name.substring(Examples.PREFIX.length()), program);
    }
    Optional<StyleProvider> style =
        StyleProvider.named(name)
            .or(() -> WrongPrograms.named(name).flatMap(it -> WrongPrograms.style(it.name())));
    if (style.isEmpty()) {
      List<StyleProvider> styles = StyleProvider.installed();
      throw unknown("style", name, styles.stream().map(StyleProvider::style).toList());
    }
    if (style.get().page(program).isEmpty()) {
      throw new UserError("%s has no %s; see: iomodels list --programs".formatted(name, program));
    }
    return style.get();
  }

  /** The styles that have the program. */
  public static List<StyleProvider> styles(Program program) {
    return StyleProvider.installed().stream().filter(it -> it.page(program).isPresent()).toList();
  }

  /** The stage of the ladder with that number or name. */
  public static Stage stage(String numberOrName) throws UserError {
    Optional<Stage> stage = Ladder.named(numberOrName);
    if (stage.isEmpty()) {
      List<String> known = Ladder.stages().stream().map(Stage::name).toList();
      throw unknown(
          "stage",
          numberOrName,
          known,
          "there are: 1 to %d, or %s".formatted(known.size(), String.join(", ", known)));
    }
    return stage.get();
  }

  /** The names of styles, for a message. */
  public static String names(List<StyleProvider> styles) {
    return styles.stream().map(StyleProvider::style).collect(joining(", "));
  }

  /** The example from a framework's documentation. */
  public static Example example(String framework) throws UserError {
    Optional<Example> example = Examples.named(framework);
    if (example.isEmpty()) {
      throw unknown("example", framework, Examples.all().stream().map(Example::name).toList());
    }
    return example.get();
  }

  /** The example of a program from a framework's documentation. */
  public static StyleProvider example(String framework, Program program) throws UserError {
    List<ProgramExample> examples = HttpExamples.of(program);
    if (examples.isEmpty()) {
      throw new UserError(
          "%s has no examples; the only program with examples is http".formatted(program));
    }
    for (ProgramExample example : examples) {
      if (example.name().equals(framework)) {
        return example.style();
      }
    }
    throw unknown("example", framework, examples.stream().map(ProgramExample::name).toList());
  }

  /** The wrong server of that name. */
  public static WrongServer wrong(String name) throws UserError {
    Optional<WrongServer> server = WrongServers.named(name);
    if (server.isEmpty()) {
      List<String> known = WrongServers.all().stream().map(WrongServer::name).toList();
      throw unknown("wrong server", name, known, "see: iomodels list --wrong");
    }
    return server.get();
  }

  /**
   * What a user does not demand of a server or a program: a capability, in upper or lower case, or
   * a route.
   */
  public static Precondition waived(String name, boolean isProgram) throws UserError {
    String wanted = name.replace('-', '_');
    List<Precondition> known = Precondition.waivable(isProgram);
    for (Precondition each : known) {
      if (each.shown().equalsIgnoreCase(wanted)) {
        return each;
      }
    }
    String kind = isProgram ? "route or capability" : "capability";
    throw unknown(kind, name, known.stream().map(Precondition::shown).toList());
  }

  /** The rules that the arguments select: each is an id, such as 4.01, or a section, such as 4. */
  public static List<Rule> rules(List<Rule> rules, List<String> wanted) throws UserError {
    for (String each : wanted) {
      if (rules.stream().noneMatch(rule -> rule.is(each))) {
        List<String> ids = rules.stream().map(Rule::id).toList();
        throw unknown("rule", each, ids, "there are: " + RuleIds.of(rules));
      }
    }
    return Rules.matching(rules, wanted);
  }

  /** An error for a name that is not known: with the name that is meant, or with all of them. */
  private static UserError unknown(String kind, String name, List<String> known) {
    return unknown(kind, name, known, "there are: " + String.join(", ", known));
  }

  static UserError unknown(String kind, String name, List<String> known, String otherwise) {
    String advice =
        Suggestion.of(name, known).map("did you mean '%s'?"::formatted).orElse(otherwise);
    return new UserError("no %s '%s'; %s".formatted(kind, name, advice));
  }

  /** The names that a model can have in a report: its own, or its own and a transport. */
  public static Stream<String> names(ServerProvider model) {
    String name = model.card().name();
    return Stream.concat(
        Stream.of(name), model.transports().keySet().stream().map(it -> name + " on " + it));
  }

  /** The service of that name. */
  public static Service service(String name) throws UserError {
    Optional<Service> service = Services.named(name);
    if (service.isEmpty()) {
      throw unknown("service", name, Services.all().stream().map(Service::name).toList());
    }
    return service.get();
  }

  /** The given transport; fails if the model does not have it, or it does not work here. */
  public static Optional<Transport> transport(ServerProvider model, Optional<Transport> wanted)
      throws UserError {
    if (wanted.isEmpty()) {
      return wanted;
    }
    String name = model.card().name();
    Availability availability = model.transports().get(wanted.get());
    if (availability == null) {
      throw new UserError(
          model.transports().isEmpty()
              ? "%s has no choice of transports; leave --transport out".formatted(name)
              : "%s has no transport %s; there are: %s"
                  .formatted(name, wanted.get(), model.transports().keySet()));
    }
    if (!availability.here()) {
      throw new UserError(
          "transport %s does not work here: %s".formatted(wanted.get(), availability.reason()));
    }
    return wanted;
  }

  /** The address to listen on. */
  public static InetSocketAddress address(String host, int port) throws UserError {
    try {
      return new InetSocketAddress(InetAddress.getByName(HostAndPort.host(host)), port);
    } catch (UnknownHostException _) {
      throw new UserError("there is no host %s; choose another --host".formatted(host));
    } catch (IllegalArgumentException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Returns all addresses of the host.
   *
   * @throws UserError if there is no such host
   */
  public static List<InetSocketAddress> resolve(HostAndPort server) throws UserError {
    try {
      return server.resolve();
    } catch (UnknownHostException _) {
      throw new UserError("there is no host %s; check the name".formatted(server.host()));
    }
  }

  /** The address of a running server: if its host has several, the first that answers. */
  public static InetSocketAddress server(String hostAndPort)
      throws UserError, InterruptedException {
    try {
      return Connector.firstThatAnswers(resolve(HostAndPort.parse(hostAndPort)), CONNECT_TIMEOUT);
    } catch (IllegalArgumentException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
  }
}
