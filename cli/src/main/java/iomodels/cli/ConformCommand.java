package iomodels.cli;

import static java.util.stream.Collectors.toSet;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.AddressTarget;
import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.CommandClient;
import iomodels.conformance.targets.CommandTarget;
import iomodels.conformance.targets.ModelTarget;
import iomodels.conformance.targets.Target;
import iomodels.server.Transport;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import javax.xml.stream.XMLStreamException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Judges a server by the rules. */
@Command(
    name = "conform",
    description = {
      "Judges servers by the conformance rules: models, or any server in any language; or clients.",
      "Of one it prints every finding, of several those that matter, and a grid of them all."
    },
    footer = {
      "",
      "Exit code: 0 it conforms (all of them do), 1 it does not, 2 the kit could not tell."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ConformCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "A model; see: iomodels list")
  private List<String> models = List.of();

  @Option(names = "--all", description = "Every model that works here.")
  private boolean all;

  @Option(
      names = "--example",
      paramLabel = "NAME",
      description =
          "What a framework's documentation shows: vertx, reactor-netty or netty; serves upper.")
  private List<String> examples = List.of();

  @Option(
      names = "--target",
      paramLabel = "HOST:PORT",
      description = "A server that is running already.")
  private List<String> addresses = List.of();

  @Option(
      names = "--exec",
      paramLabel = "'COMMAND {port}'",
      description = "A server in any language, which the kit starts and stops.")
  private List<String> commands = List.of();

  @Option(
      names = "--client",
      paramLabel = "'COMMAND {port}'",
      description = "Not a server but a client, which is judged by the rules of clients.")
  private List<String> clients = List.of();

  @Option(
      names = "--service",
      defaultValue = "upper",
      paramLabel = "NAME",
      description = "What an outside server serves (default: ${DEFAULT-VALUE}).")
  private String service = "upper";

  @Option(
      names = "--capability",
      paramLabel = "NAME",
      description =
          "Hold an outside server to this: ${COMPLETION-CANDIDATES}; repeatable. What nobody claims"
              + " is probed.")
  private Set<Capability> capabilities = EnumSet.noneOf(Capability.class);

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      description = "For a model: ${COMPLETION-CANDIDATES}.")
  private Optional<Transport> transport = Optional.empty();

  @Option(
      names = "--rule",
      paramLabel = "ID",
      description = "Only this rule (4.01) or section (4); repeatable.")
  private List<String> ids = List.of();

  @Option(names = "--bound", paramLabel = "NAME=VALUE", description = "Change a bound; repeatable.")
  private List<String> boundsWanted = List.of();

  @Option(names = "--seed", description = "Repeat the bytes of an earlier run.")
  private OptionalLong seed = OptionalLong.empty();

  @Option(names = "--strict", description = "Rules that SHOULD be kept bind as well.")
  private boolean strict;

  @Option(names = "--list", description = "List the rules, and judge nothing.")
  private boolean list;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the findings to a file as well; - for standard output, and only there.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a page for people: the rules by the servers, and who sent what when.")
  private Optional<Path> html = Optional.empty();

  @Option(
      names = "--junit",
      paramLabel = "FILE",
      description = "Write JUnit's XML, for build servers.")
  private Optional<Path> junit = Optional.empty();

  @Override
  public Integer call() throws Failure, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (list) {
      Table.print(
          out,
          List.of("RULE", "LEVEL", "SENTENCE"),
          Stream.concat(Rule.all().stream(), Rule.ofClients().stream())
              .map(rule -> List.of(rule.id(), rule.level().name(), rule.sentence()))
              .toList());
      return Main.OK;
    }
    for (Path file : reports()) {
      Json.demandWritable(file);
    }
    if (Stream.of(html, junit).flatMap(Optional::stream).anyMatch(Json::isStandardOutput)) {
      throw new Failure("only --json can go to standard output; name a file for the others");
    }
    if (all && transport.isPresent()) {
      throw new Failure("not every model has a choice of transports; name those that are meant");
    }
    Kit kit = new Kit(rules(), bounds(), seed.orElse(System.nanoTime()));
    List<Target> targets = targets();
    List<Report> reports = new ArrayList<>();
    for (String client : clients) {
      judge(kit, new CommandClient(client), clients.size() > 1, reports);
    }
    for (Target target : targets) {
      judge(kit, target, targets.size() > 1, reports);
    }
    if (reports.size() > 1 && !isSilent()) {
      Findings.grid(out, kit.rules(), reports);
    }
    write(reports, kit.seed(), out);
    Set<Verdict> outcomes = reports.stream().map(it -> it.outcome(strict)).collect(toSet());
    if (outcomes.contains(Verdict.BROKEN)) {
      return Main.NO;
    }
    return outcomes.equals(Set.of(Verdict.KEPT)) ? Main.OK : Main.UNUSABLE;
  }

  private void judge(Kit kit, Client client, boolean oneOfSeveral, List<Report> reports)
      throws InterruptedException {
    add(kit.judge(client, finding -> print(finding, oneOfSeveral)), kit, reports);
  }

  private void judge(Kit kit, Target target, boolean oneOfSeveral, List<Report> reports)
      throws Failure, InterruptedException {
    try (target) {
      if (target instanceof AddressTarget address) {
        address.probe();
      }
      add(kit.judge(target, finding -> print(finding, oneOfSeveral)), kit, reports);
    } catch (IOException e) {
      if (!oneOfSeveral) {
        throw new Failure(String.valueOf(e.getMessage()));
      }
      String why = String.valueOf(e.getMessage());
      spec.commandLine().getErr().printf("%s: %s%n", target.name(), why);
      reports.add(kit.untried(target.name(), why));
    }
  }

  private void print(Finding finding, boolean oneOfSeveral) {
    boolean matters = finding.verdict() == Verdict.BROKEN || finding.verdict() == Verdict.UNKNOWN;
    if (!isSilent() && (matters || !oneOfSeveral)) {
      Findings.print(spec.commandLine().getOut(), finding);
    }
  }

  private void add(Report report, Kit kit, List<Report> reports) {
    if (!isSilent()) {
      Findings.summarize(spec.commandLine().getOut(), report, kit.seed(), strict);
    }
    reports.add(report);
  }

  private boolean isSilent() {
    return json.isPresent() && Json.isStandardOutput(json.get());
  }

  /** The files that are asked for. */
  private List<Path> reports() {
    return Stream.of(json, html, junit).flatMap(Optional::stream).toList();
  }

  private void write(List<Report> reports, long seed, PrintWriter out) throws Failure {
    if (json.isPresent()) {
      List<Findings.Plain> plain =
          reports.stream().map(report -> Findings.plain(report, seed, strict)).toList();
      Json.write(plain.size() == 1 ? plain.getFirst() : plain, json.get(), out);
    }
    try {
      if (html.isPresent()) {
        HtmlReport.write(reports, strict, html.get());
      }
      if (junit.isPresent()) {
        JunitReport.write(reports, strict, junit.get());
      }
    } catch (IOException | XMLStreamException e) {
      throw new Failure("cannot write the report: " + e.getMessage());
    }
  }

  private List<Rule> rules() throws Failure {
    List<Rule> rules = clients.isEmpty() ? Rule.all() : Rule.ofClients();
    try {
      return ids.isEmpty() ? rules : Rule.matching(rules, ids);
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
  }

  private Bounds bounds() throws Failure {
    Bounds bounds = Bounds.STANDARD;
    try {
      for (String assignment : boundsWanted) {
        bounds = bounds.with(assignment);
      }
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
    return bounds;
  }

  /** None of them is started yet. */
  private List<Target> targets() throws Failure {
    Optional<Set<Capability>> claims =
        capabilities.isEmpty() ? Optional.empty() : Optional.of(capabilities);
    Service served = Choices.service(service);
    List<Target> targets = new ArrayList<>();
    for (String command : commands) {
      demandPort("--exec", command);
      targets.add(new CommandTarget(command, served, claims));
    }
    for (String address : addresses) {
      targets.add(new AddressTarget(parse(address), served, claims));
    }
    for (String name : examples) {
      ServerProvider example = Choices.example(name).provider();
      targets.add(
          new ModelTarget(example, Choices.transport(example, transport)).serving(Services.UPPER));
    }
    for (String name : models) {
      ServerProvider model = Choices.availableModel(name);
      targets.add(new ModelTarget(model, Choices.transport(model, transport)));
    }
    if (all) {
      Choices.models().stream()
          .filter(model -> model.availability().here() && !models.contains(model.card().name()))
          .forEach(model -> targets.add(new ModelTarget(model, Optional.empty())));
    }
    for (String client : clients) {
      demandPort("--client", client);
    }
    if (!clients.isEmpty() && !targets.isEmpty()) {
      throw new Failure("clients have rules of their own; judge them apart from servers");
    }
    if (clients.isEmpty() && targets.isEmpty()) {
      throw new Failure(
          "name a MODEL, or give --example NAME, --target HOST:PORT, --exec 'COMMAND {port}' or"
              + " --client 'COMMAND {port}'");
    }
    return targets;
  }

  private static void demandPort(String option, String command) throws Failure {
    if (!command.contains("{port}")) {
      throw new Failure(option + " needs {port} where the command takes its port");
    }
  }

  private static InetSocketAddress parse(String hostAndPort) throws Failure {
    int colon = hostAndPort.lastIndexOf(':');
    try {
      String host = hostAndPort.substring(0, Math.max(0, colon));
      int port = Integer.parseInt(hostAndPort.substring(colon + 1));
      if (!host.isEmpty() && port > 0) {
        return Choices.address(host, port);
      }
    } catch (NumberFormatException _) {
      // said below
    }
    throw new Failure("'%s' is not HOST:PORT, such as 127.0.0.1:8080".formatted(hostAndPort));
  }
}
