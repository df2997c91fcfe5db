package iomodels.cli;

import static java.util.stream.Collectors.toSet;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.AddressTarget;
import iomodels.conformance.targets.CommandClient;
import iomodels.conformance.targets.CommandTarget;
import iomodels.conformance.targets.ModelTarget;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Subject;
import iomodels.conformance.targets.Target;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.Transport;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
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
      "Judges servers by the conformance rules: models, or any server in any language; or clients;"
          + " or, with --program, programs in our styles or in any language.",
      "Of one it prints every finding, of several those that matter, and a grid of them all."
    },
    footer = {
      "",
      "  iomodels conform vertx",
      "  iomodels conform --exec 'python3 my_server.py {port}'",
      "  iomodels conform --program relay vertx nio-selector",
      "  iomodels conform --program relay --exec './my-relay {port} {upstreams}'",
      "",
      "Exit code: 0 it conforms (all of them do), 1 it does not, 2 no verdict: a rule is"
          + " inconclusive or its check failed.",
      "Of a server that is wrong on purpose, 1 is what is expected: the kit has caught it."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ConformCommand implements Callable<Integer> {

  private static final int THOROUGH_TRIES = 3;

  /** What programs do not have; to one that runs already the kit cannot be the upstream. */
  private static final List<String> NOT_FOR_PROGRAMS =
      List.of(
          "--service",
          "--capability",
          "--transport",
          "--example",
          "--wrong",
          "--target",
          "--client");

  /** Instead of the name of a wrong server. */
  private static final String EVERY = "all";

  @Spec private CommandSpec spec = CommandSpec.create();

  /**
   * Something to be judged.
   *
   * @param arguments how it is named here
   * @param rules by which it is judged
   */
  private record Candidate(String arguments, Subject it, List<Rule> rules) {}

  /** The command that judges it, by what it is called in reports. */
  private final Map<String, String> commands = new HashMap<>();

  @Parameters(
      paramLabel = "MODEL",
      description = "A model; see: iomodels list. With --program: a style.")
  private List<String> models = List.of();

  @Option(names = "--all", description = "Every model that works here; with --program every style.")
  private boolean all;

  @Option(
      names = "--example",
      paramLabel = "NAME",
      description =
          "What a framework's documentation shows: vertx, reactor-netty or netty; serves upper.")
  private List<String> examples = List.of();

  @Option(
      names = "--wrong",
      paramLabel = "NAME",
      description =
          "A server that is wrong on purpose, judged by the rule that it is known to break, or by"
              + " those that --rule names; all: every one. See: iomodels list --wrong")
  private List<String> wrongs = List.of();

  @Option(
      names = "--target",
      paramLabel = "HOST:PORT",
      description = "A server that is running already.")
  private List<String> addresses = List.of();

  @Option(
      names = "--exec",
      paramLabel = "'COMMAND {port}'",
      description =
          "A server in any language, which the kit starts and stops. {port} stands for the port to"
              + " listen on; {host}, if it is there, for the address. With --program, {upstreams}"
              + " stands for the ports of those that it turns to, on 127.0.0.1, separated by"
              + " spaces, {deadline} for the milliseconds that a request of gather may take, and"
              + " {folder} for the folder to read from.")
  private List<String> executed = List.of();

  @Option(
      names = "--program",
      paramLabel = "NAME",
      description =
          "Judge relay, gather, chat or offload by its rules, in styles or by --exec; see: iomodels"
              + " list --programs. Its numbers have to be those that serve has by default.")
  private Optional<String> programWanted = Optional.empty();

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
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--thorough",
      description =
          "Where there is time: each rule three times with other bytes, longer streams and looks,"
              + " more connections, and a model on every transport that it has here.")
  private boolean thorough;

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
          listed().stream()
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
    int tries = thorough ? THOROUGH_TRIES : 1;
    Kit kit = new Kit(rules(), bounds(), seed.orElseGet(System::nanoTime), tries);
    List<Report> reports = new ArrayList<>();
    List<Candidate> candidates = new ArrayList<>();
    for (String client : clients) {
      String arguments = "--client " + Shell.quoted(client);
      candidates.add(new Candidate(arguments, new CommandClient(client), kit.rules()));
    }
    candidates.addAll(program().isPresent() ? programs(kit.rules()) : targets(kit.rules()));
    for (Candidate each : candidates) {
      Kit own = new Kit(each.rules(), kit.bounds(), kit.seed(), kit.tries());
      judge(own, each, candidates.size() > 1, reports);
    }
    // Of servers that are judged by a rule of their own each, a grid tells nothing.
    if (reports.size() > 1 && !isSilent() && (wrongs.isEmpty() || !ids.isEmpty())) {
      Findings.grid(out, kit.rules(), reports);
    }
    write(reports, kit.seed(), out);
    Set<Verdict> outcomes = reports.stream().map(it -> it.outcome(strict)).collect(toSet());
    if (outcomes.contains(Verdict.BROKEN)) {
      return Main.NO;
    }
    return outcomes.equals(Set.of(Verdict.KEPT)) ? Main.OK : Main.UNUSABLE;
  }

  private void judge(Kit kit, Candidate candidate, boolean oneOfSeveral, List<Report> reports)
      throws Failure, InterruptedException {
    try (Subject subject = candidate.it()) {
      switch (subject) {
        case AddressTarget address -> address.probe();
        case ProgramTarget program -> ProgramTargets.demandThatItStarts(program);
        default -> {}
      }
      add(kit.judge(subject, print(candidate, oneOfSeveral)), kit, candidate, reports);
    } catch (IOException e) {
      reports.add(untried(kit, candidate.it().name(), e, oneOfSeveral));
    }
  }

  /** What does not start is alone a failure, and beside others a column. */
  private Report untried(Kit kit, String name, IOException e, boolean oneOfSeveral) throws Failure {
    String why = String.valueOf(e.getMessage());
    if (!oneOfSeveral) {
      throw new Failure(why);
    }
    spec.commandLine().getErr().printf("%s: %s%n", name, why);
    return kit.untried(name, why);
  }

  private Consumer<Finding> print(Candidate candidate, boolean oneOfSeveral) {
    return finding -> {
      boolean matters = finding.verdict() != Verdict.KEPT && finding.verdict() != Verdict.SKIPPED;
      if (!isSilent() && (matters || !oneOfSeveral)) {
        Findings.print(spec.commandLine().getOut(), finding, command(candidate));
      }
    };
  }

  private void add(Report report, Kit kit, Candidate candidate, List<Report> reports) {
    if (!isSilent()) {
      Findings.summarize(spec.commandLine().getOut(), report, kit.seed(), strict);
    }
    reports.add(report);
    commands.put(report.target(), command(candidate));
  }

  /** What judges it alone, but for the rule and the seed. */
  private String command(Candidate candidate) {
    StringBuilder command = new StringBuilder("./iomodels conform ").append(candidate.arguments());
    boolean outside = !executed.isEmpty() || !addresses.isEmpty();
    if (outside && !service.equals(Services.UPPER.name())) {
      command.append(" --service ").append(service);
    }
    if (outside) {
      capabilities.forEach(it -> command.append(" --capability ").append(it));
    }
    if (thorough) {
      command.append(" --thorough");
    }
    boundsWanted.forEach(it -> command.append(" --bound ").append(it));
    return command.toString();
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
        HtmlReport.write(reports, commands, strict, html.get());
      }
      if (junit.isPresent()) {
        JunitReport.write(reports, strict, junit.get());
      }
    } catch (IOException | XMLStreamException e) {
      throw new Failure("cannot write the report: " + e.getMessage());
    }
  }

  private Optional<Program> program() throws Failure {
    return programWanted.isEmpty()
        ? Optional.empty()
        : Optional.of(Choices.program(programWanted.get()));
  }

  /** All that are listed: of everybody, or of the program that is named. */
  private List<Rule> listed() throws Failure {
    Optional<Program> program = program();
    return program.isPresent() ? Rules.of(program.get()) : Findings.allRules();
  }

  private List<Rule> rules() throws Failure {
    Optional<Program> program = program();
    List<Rule> rules =
        program.map(Rules::of).orElseGet(() -> clients.isEmpty() ? Rules.all() : Rules.ofClients());
    try {
      return ids.isEmpty() ? rules : Rules.matching(rules, ids);
    } catch (IllegalArgumentException e) {
      throw new Failure(hint(program).orElseGet(() -> String.valueOf(e.getMessage())));
    }
  }

  /** That rules of a program are named where no program is. */
  private Optional<String> hint(Optional<Program> program) {
    return Programs.all().stream()
        .filter(_ -> program.isEmpty())
        .filter(
            it ->
                Rules.of(it).stream()
                    .flatMap(rule -> Stream.of(rule.id(), String.valueOf(rule.section())))
                    .anyMatch(ids::contains))
        .map("the rules that are named are for %1$s; say --program %1$s"::formatted)
        .findFirst();
  }

  private Bounds bounds() throws Failure {
    Bounds bounds = thorough ? Bounds.THOROUGH : Bounds.STANDARD;
    try {
      for (String assignment : boundsWanted) {
        bounds = bounds.with(assignment);
      }
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
    return bounds;
  }

  /** None of them is started yet; none if it is not programs that are to be judged. */
  private List<Candidate> programs(List<Rule> rules) throws Failure {
    Optional<Program> program = program();
    if (program.isEmpty()) {
      return List.of();
    }
    for (String option : NOT_FOR_PROGRAMS) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new Failure("%s is not for programs; leave it out".formatted(option));
      }
    }
    List<Candidate> targets = new ArrayList<>();
    ProgramTargets.of(program.get(), models, all, executed)
        .forEach((arguments, target) -> targets.add(new Candidate(arguments, target, rules)));
    return targets;
  }

  /** None of them is started yet. */
  private List<Candidate> targets(List<Rule> rules) throws Failure, InterruptedException {
    Optional<Set<Capability>> claims =
        capabilities.isEmpty() ? Optional.empty() : Optional.of(capabilities);
    Service served = Choices.service(service);
    List<Candidate> targets = new ArrayList<>();
    for (String command : executed) {
      demandPort("--exec", command);
      Target target = new CommandTarget(command, served, claims);
      targets.add(new Candidate("--exec " + Shell.quoted(command), target, rules));
    }
    for (String address : addresses) {
      Target target = new AddressTarget(Choices.server(address), served, claims);
      targets.add(new Candidate("--target " + address, target, rules));
    }
    for (String name : examples) {
      ServerProvider example = Choices.example(name).provider();
      ModelTarget target = new ModelTarget(example, Choices.transport(example, transport));
      String on = transport.map(it -> " --transport " + it).orElse("");
      targets.add(new Candidate("--example " + name + on, target.serving(Services.UPPER), rules));
    }
    for (WrongServer wrong : wrongServers()) {
      Target target =
          new ModelTarget(wrong.provider(), Choices.transport(wrong.provider(), transport));
      List<Rule> own = ids.isEmpty() ? Rules.matching(List.of(wrong.rule())) : rules;
      targets.add(new Candidate("--wrong " + wrong.name(), target, own));
    }
    for (String name : models) {
      addModel(Choices.availableModel(name), rules, targets);
    }
    if (all) {
      for (ServerProvider model : Choices.models()) {
        if (model.availability().here() && !models.contains(model.card().name())) {
          addModel(model, rules, targets);
        }
      }
    }
    for (String client : clients) {
      demandPort("--client", client);
    }
    if (!clients.isEmpty() && !targets.isEmpty()) {
      throw new Failure("clients have rules of their own; judge them apart from servers");
    }
    if (clients.isEmpty() && targets.isEmpty()) {
      throw new Failure(
          "name a MODEL, or give --example NAME, --wrong NAME, --target HOST:PORT, --exec 'COMMAND"
              + " {port}' or --client 'COMMAND {port}'");
    }
    return targets;
  }

  /** Those that are asked for, each once, in the order of the rules. */
  private List<WrongServer> wrongServers() throws Failure {
    Set<WrongServer> wanted = new HashSet<>();
    for (String name : wrongs) {
      if (name.equals(EVERY)) {
        return WrongServers.all();
      }
      wanted.add(Choices.wrong(name));
    }
    return WrongServers.all().stream().filter(wanted::contains).toList();
  }

  /** On the transport that is asked for, or its own choice, or each that it has here. */
  private void addModel(ServerProvider model, List<Rule> rules, List<Candidate> targets)
      throws Failure {
    List<Optional<Transport>> transports =
        thorough && transport.isEmpty() && !model.transports().isEmpty()
            ? model.transports().entrySet().stream()
                .filter(it -> it.getValue().here())
                .map(it -> Optional.of(it.getKey()))
                .toList()
            : List.of(Choices.transport(model, transport));
    for (Optional<Transport> each : transports) {
      String on = each.map(it -> " --transport " + it).orElse("");
      targets.add(new Candidate(model.card().name() + on, new ModelTarget(model, each), rules));
    }
  }

  private static void demandPort(String option, String command) throws Failure {
    if (!command.contains("{port}")) {
      throw new Failure(option + " needs {port} where the command takes its port");
    }
  }
}
