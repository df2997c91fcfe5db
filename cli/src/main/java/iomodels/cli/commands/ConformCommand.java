package iomodels.cli.commands;

import static java.util.stream.Collectors.toSet;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.lookup.ServerNames;
import iomodels.cli.options.ModelNames;
import iomodels.cli.options.Range;
import iomodels.cli.options.ReportFiles;
import iomodels.cli.options.SeedOption;
import iomodels.cli.options.ServiceOption;
import iomodels.cli.options.TransportOption;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.Findings;
import iomodels.cli.output.Judged;
import iomodels.cli.output.JudgingProgress;
import iomodels.cli.output.Progress;
import iomodels.cli.output.ShellQuoting;
import iomodels.cli.output.Table;
import iomodels.cli.output.TextReport;
import iomodels.cli.output.UserError;
import iomodels.cli.project.ProjectFiles;
import iomodels.cli.targets.JudgedServers;
import iomodels.cli.targets.ProgramTargets;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.StopCondition;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code conform}: judges servers, clients and programs by the conformance rules. */
@Command(
    name = "conform",
    description = {
      "Judge servers by the conformance rules: models, or a server in any language. With --client,"
          + " judge clients; with --program, programs in a style or in any language.",
      "The report begins with the verdict; then come the failures, and the rules that were skipped,"
          + " by reason. For several subjects, a grid of all rules follows."
    },
    footer = {
      "",
      "  iomodels conform vertx",
      "  iomodels conform --exec 'python3 my_server.py {port}'",
      "  iomodels conform --service echo --exec './my-server {port}'",
      "  iomodels conform --program relay vertx nio-selector",
      "  iomodels conform --program relay --exec './my-relay {port} {upstreams}'",
      "",
      "Exit code: 0 it conforms (all of them do), 1 it does not, 2 no verdict: a rule is"
          + " inconclusive or its check failed, or fewer than a third of the rules that concern it"
          + " were tried.",
      "For a server that is wrong on purpose, 1 is the expected exit code."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class ConformCommand implements Callable<Integer> {

  private static final int THOROUGH_TRIES = 3;

  private static final String EXAMPLE = "--example";
  private static final String WRONG = "--wrong";
  private static final String TARGET = "--target";
  private static final String EXEC = "--exec";
  private static final String CLIENT = "--client";
  private static final String CAPABILITY = "--capability";
  private static final String WAIVE = "--waive";
  private static final String FAIL_FAST = "--fail-fast";

  /** Options that programs do not have. */
  private static final List<String> NOT_FOR_PROGRAMS =
      List.of(ServiceOption.NAME, CAPABILITY, TransportOption.NAME, WRONG, CLIENT);

  /** Options that http has alone. The kit cannot be the upstream of a running --target. */
  private static final List<String> FOR_HTTP = List.of(WAIVE, TARGET);

  /** Stands for the names of all wrong servers. */
  private static final String EVERY = "all";

  @Spec private CommandSpec spec = CommandSpec.create();

  /**
   * A subject that the command line selects.
   *
   * @param arguments the arguments that select it
   * @param rules the rules by which it is judged
   */
  private record SelectedSubject(String arguments, Subject it, List<Rule> rules) {}

  @Parameters(
      paramLabel = "MODEL",
      completionCandidates = ModelNames.class,
      description =
          "A model, or a server of iomodels list --wrong; see: iomodels list. With --program: a"
              + " style.")
  private List<String> models = List.of();

  @Option(names = "--all", description = "Every model that works here; with --program every style.")
  private boolean all;

  @Option(
      names = EXAMPLE,
      paramLabel = "NAME",
      description =
          "A server from a framework's documentation: vertx, reactor-netty or netty; serves"
              + " upper. With --program http: vertx, reactor-netty or jdk.")
  private List<String> examples = List.of();

  @Option(
      names = WRONG,
      paramLabel = "NAME",
      description =
          "A server that is wrong on purpose; all: every one of them. It is judged by the rule that"
              + " it breaks, or by --rule; as a MODEL, by all rules. See: iomodels list --wrong")
  private List<String> wrongs = List.of();

  @Option(
      names = TARGET,
      paramLabel = "HOST:PORT",
      description =
          "A server that is running already; PORT alone is on 127.0.0.1. With --program, only for"
              + " http.")
  private List<String> addresses = List.of();

  @Option(
      names = EXEC,
      paramLabel = "'COMMAND {port}'",
      description =
          "A server in any language, which the kit starts and stops. {port} is replaced by the port"
              + " to listen on, {host} by the address, and {service} by the service. With"
              + " --program, {upstreams} is replaced by the ports of the upstreams on 127.0.0.1,"
              + " separated by spaces; {deadline} by the time limit in milliseconds of a gather"
              + " request, or of a relay that connects; {folder} by the folder to read from. The"
              + " command stays in the foreground. SIGTERM stops it: the kit sends it to the"
              + " command, not to worker processes, and afterwards to what the command leaves"
              + " behind.")
  private List<String> executed = List.of();

  @Option(
      names = "--program",
      paramLabel = "NAME",
      description =
          "Judge relay, gather, chat, offload or http: STYLEs instead of MODELs, or --exec; see:"
              + " iomodels list --programs. A program of --exec needs the same limits as the"
              + " defaults of serve.")
  private Optional<String> programWanted = Optional.empty();

  @Option(
      names = CLIENT,
      paramLabel = "'COMMAND {port}'",
      description = "A client in any language, judged by the rules for clients.")
  private List<String> clients = List.of();

  @Mixin private ServiceOption service = new ServiceOption();

  @Option(
      names = CAPABILITY,
      paramLabel = "NAME",
      description =
          "Capability that an external server claims: ${COMPLETION-CANDIDATES}; repeatable. Without"
              + " it, the kit probes for capabilities.")
  private Set<Capability> capabilities = EnumSet.noneOf(Capability.class);

  @Option(
      names = WAIVE,
      paramLabel = "NAME",
      description =
          "Capability that is not demanded: CONCURRENT, HALF_CLOSE, DATAGRAMS or REPLY_SOURCE;"
              + " repeatable. Rules about it are skipped, and every report says so. Without it, an"
              + " external server has to answer a client that has sent FIN. With --program http:"
              + " HALF_CLOSE, or a route that the server does not have, such as /upper.")
  private List<String> waivedNames = List.of();

  @Mixin private TransportOption transport = new TransportOption();

  @Option(
      names = "--rule",
      paramLabel = "ID",
      description = "Only this rule (4.01) or section (4); repeatable.")
  private List<String> ids = List.of();

  @Option(
      names = "--bound",
      paramLabel = "NAME=VALUE",
      description = "Change a limit of the kit; repeatable.")
  private List<String> boundsWanted = List.of();

  @Mixin private SeedOption seed = new SeedOption();

  @Option(
      names = "--thorough",
      description =
          "Check each rule three times with different bytes, longer streams, longer observation and"
              + " more connections; and a model on each of its transports.")
  private boolean thorough;

  @Option(names = "--strict", description = "Treat a broken SHOULD rule as a failure, too.")
  private boolean strict;

  @Option(
      names = FAIL_FAST,
      description =
          "Stop at the first broken rule; with --strict, at a broken SHOULD, too. Judge no further"
              + " subject.")
  private boolean failFast;

  @Option(
      names = "--limit",
      paramLabel = "SECONDS",
      description =
          "Time limit for the whole run; rules without a verdict by then are inconclusive.")
  @Range(most = 86_400)
  private Optional<Integer> limit = Optional.empty();

  @Option(names = "--list", description = "List the rules, and judge nothing.")
  private boolean list;

  @Mixin private ReportFiles files = new ReportFiles();

  @Override
  public Integer call() throws UserError, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (list) {
      Table.print(
          out,
          List.of("RULE", "LEVEL", "SENTENCE"),
          listed().stream()
              .map(rule -> List.of(rule.id(), rule.level().name(), rule.sentence()))
              .toList());
      return ExitCode.OK;
    }
    files.demandWritable();
    if (all && transport.isGiven()) {
      throw new UserError(
          "not every model has a choice of transports; name the models instead of --all");
    }
    StopCondition stop = stop();
    int tries = thorough ? THOROUGH_TRIES : 1;
    Kit kit = new Kit(rules(), bounds(), seed.orNew(), tries).waiving(waived());
    List<Judged> judged = new ArrayList<>();
    List<SelectedSubject> selection = new ArrayList<>();
    for (String client : clients) {
      String arguments = CLIENT + " " + ShellQuoting.quoted(client);
      selection.add(new SelectedSubject(arguments, new CommandClient(client), kit.rules()));
    }
    selection.addAll(program().isPresent() ? programs(kit.rules()) : targets(kit.rules()));
    boolean oneOfSeveral = selection.size() > 1;
    long steps = selection.stream().mapToLong(it -> it.rules().size()).sum();
    try (Progress progress = Progress.of(steps)) {
      for (SelectedSubject each : selection) {
        Report report = judge(kit.testing(each.rules()), each, oneOfSeveral, stop, progress);
        judged.add(judged(each, report, kit.seed()));
        if (!files.isJsonOnStandardOutput()) {
          progress.aside(() -> TextReport.print(out, judged.getLast(), !oneOfSeveral));
        }
        if (failFast && report.outcome(strict) == Verdict.BROKEN) {
          break;
        }
      }
    }
    int left = selection.size() - judged.size();
    if (left > 0 && !files.isJsonOnStandardOutput()) {
      out.printf("%d more not judged: %s%n", left, FAIL_FAST);
    }
    List<Report> reports = judged.stream().map(Judged::report).toList();
    // A grid is useless if each server is judged by a different rule.
    if (reports.size() > 1
        && !files.isJsonOnStandardOutput()
        && (wrongs.isEmpty() || !ids.isEmpty())) {
      Findings.grid(out, kit.rules(), reports);
    }
    files.write(judged, oneOfSeveral, out);
    Set<Verdict> outcomes = reports.stream().map(it -> it.outcome(strict)).collect(toSet());
    if (outcomes.contains(Verdict.BROKEN)) {
      return ExitCode.NO;
    }
    return outcomes.equals(Set.of(Verdict.KEPT)) ? ExitCode.OK : ExitCode.UNUSABLE;
  }

  /** The condition for an early end; the time limit starts now. */
  private StopCondition stop() {
    StopCondition stop =
        failFast
            ? StopCondition.NONE.atFailure(strict, "not tried: " + FAIL_FAST)
            : StopCondition.NONE;
    return limit.isEmpty()
        ? stop
        : stop.after(
            Duration.ofSeconds(limit.get()), "the limit of %d s was over".formatted(limit.get()));
  }

  /** Judges a subject. A failure is told at once: the report follows when all rules are done. */
  private Report judge(
      Kit kit,
      SelectedSubject selected,
      boolean oneOfSeveral,
      StopCondition stop,
      Progress progress)
      throws UserError, InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    try (Subject subject = selected.it()) {
      switch (subject) {
        case AddressTarget address -> stop.limit(address::probe);
        case ProgramTarget program -> stop.limit(() -> ProgramTargets.demandThatItStarts(program));
        default -> {}
      }
      String shown = oneOfSeveral ? subject.name() : "";
      Consumer<Finding> announcing =
          finding -> {
            if (finding.verdict() == Verdict.BROKEN || finding.verdict() == Verdict.ERROR) {
              TextReport.announce(err, finding, shown);
            }
          };
      return kit.judge(subject, stop, new JudgingProgress(progress, shown, announcing));
    } catch (IOException e) {
      return untried(kit, selected.it().name(), e, oneOfSeveral, progress);
    }
  }

  /** A subject that does not start: an error if it is the only one, otherwise a column. */
  private Report untried(
      Kit kit, String name, IOException e, boolean oneOfSeveral, Progress progress)
      throws UserError {
    String why = String.valueOf(e.getMessage());
    if (!oneOfSeveral) {
      throw new UserError(why);
    }
    PrintWriter err = spec.commandLine().getErr();
    progress.aside(() -> err.printf("%s: %s%n", name, why));
    kit.rules().forEach(_ -> progress.step());
    return kit.untried(name, why);
  }

  private Judged judged(SelectedSubject selected, Report report, long given) {
    StringBuilder selection = new StringBuilder();
    ids.forEach(it -> selection.append(" --rule ").append(it));
    if (strict) {
      selection.append(" --strict");
    }
    return new Judged(
        report, command(selected), selection.toString(), given, Instant.now(), strict);
  }

  /** The command that judges only this subject, without --rule and --seed. */
  private String command(SelectedSubject selected) {
    StringBuilder command =
        new StringBuilder(ProjectFiles.command() + " conform " + selected.arguments());
    boolean outside = !executed.isEmpty() || !addresses.isEmpty();
    if (outside && !service.name().equals(Services.UPPER.name())) {
      command.append(" " + ServiceOption.NAME + " ").append(service.name());
    }
    if (outside) {
      capabilities.forEach(it -> command.append(" " + CAPABILITY + " ").append(it));
    }
    waivedNames.forEach(it -> command.append(" " + WAIVE + " ").append(it));
    if (thorough) {
      command.append(" --thorough");
    }
    boundsWanted.forEach(it -> command.append(" --bound ").append(it));
    return command.toString();
  }

  private Optional<Program> program() throws UserError {
    return programWanted.isEmpty()
        ? Optional.empty()
        : Optional.of(ArgumentResolver.program(programWanted.get()));
  }

  /** The rules for --list: all, or those of the program. */
  private List<Rule> listed() throws UserError {
    Optional<Program> program = program();
    return program.isPresent() ? Rules.of(program.get()) : Findings.allRules();
  }

  /** What --waive names. */
  private Set<Precondition> waived() throws UserError {
    Set<Precondition> waived = EnumSet.noneOf(Precondition.class);
    for (String name : waivedNames) {
      waived.add(ArgumentResolver.waived(name, program().isPresent()));
    }
    for (Capability each : capabilities) {
      if (waived.contains(Precondition.valueOf(each.name()))) {
        throw new UserError(
            "%s is both claimed and waived; leave out %s or %s".formatted(each, CAPABILITY, WAIVE));
      }
    }
    if (!waived.isEmpty() && !clients.isEmpty()) {
      throw new UserError("%s is for servers; leave it out".formatted(WAIVE));
    }
    return waived;
  }

  private List<Rule> rules() throws UserError {
    Optional<Program> program = program();
    List<Rule> rules =
        program.map(Rules::of).orElseGet(() -> clients.isEmpty() ? Rules.all() : Rules.ofClients());
    Optional<String> hint = hint(program);
    if (hint.isPresent()) {
      throw new UserError(hint.get());
    }
    return ids.isEmpty() ? rules : ArgumentResolver.rules(rules, ids);
  }

  /** The remedy if --rule names rules of a program, and --program is missing. */
  private Optional<String> hint(Optional<Program> program) {
    return Programs.all().stream()
        .filter(_ -> program.isEmpty())
        .filter(
            it ->
                Rules.of(it).stream()
                    .flatMap(rule -> Stream.of(rule.id(), String.valueOf(rule.section())))
                    .anyMatch(ids::contains))
        .map("these are rules for %1$s; add --program %1$s"::formatted)
        .findFirst();
  }

  private Bounds bounds() throws UserError {
    Bounds bounds = thorough ? Bounds.THOROUGH : Bounds.STANDARD;
    try {
      for (String assignment : boundsWanted) {
        bounds = bounds.with(assignment);
      }
    } catch (IllegalArgumentException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
    return bounds;
  }

  /** The programs to judge, not started yet; empty without --program. */
  private List<SelectedSubject> programs(List<Rule> rules) throws UserError, InterruptedException {
    Optional<Program> program = program();
    if (program.isEmpty()) {
      return List.of();
    }
    for (String option : NOT_FOR_PROGRAMS) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new UserError("%s is not for programs; leave it out".formatted(option));
      }
    }
    for (String option : FOR_HTTP) {
      if (!program.get().equals(Programs.HTTP)
          && spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new UserError(
            "%s is for http, and not for %s; leave it out".formatted(option, program.get()));
      }
    }
    List<SelectedSubject> targets = new ArrayList<>();
    ProgramTargets.of(program.get(), models, all, examples, executed, addresses)
        .forEach((arguments, target) -> targets.add(new SelectedSubject(arguments, target, rules)));
    return targets;
  }

  /** The servers and clients to judge, not started yet. */
  private List<SelectedSubject> targets(List<Rule> rules) throws UserError, InterruptedException {
    Optional<Set<Capability>> claims =
        capabilities.isEmpty() ? Optional.empty() : Optional.of(capabilities);
    List<Service> served = service.services();
    List<SelectedSubject> targets = new ArrayList<>();
    for (String command : executed) {
      demandPort(EXEC, command);
      if (served.size() > 1 && !command.contains("{service}")) {
        throw new UserError(
            EXEC + " needs {service} where the command takes the name of one of several services");
      }
      Target target = new CommandTarget(command, served, claims);
      targets.add(new SelectedSubject(EXEC + " " + ShellQuoting.quoted(command), target, rules));
    }
    for (String address : addresses) {
      if (served.size() > 1) {
        throw new UserError(
            "a running server has one service; %s takes one name".formatted(TARGET));
      }
      Target target =
          new AddressTarget(ArgumentResolver.server(address), served.getFirst(), claims);
      targets.add(new SelectedSubject(TARGET + " " + address, target, rules));
    }
    for (String name : examples) {
      ServerProvider example = ArgumentResolver.example(name).provider();
      Target target = JudgedServers.target(example, transport.of(example));
      String on = transport.asArgument();
      targets.add(new SelectedSubject(EXAMPLE + " " + name + on, target, rules));
    }
    for (WrongServer wrong : wrongServers()) {
      Target target = new ModelTarget(wrong.provider(), transport.of(wrong.provider()));
      List<Rule> own = ids.isEmpty() ? Rules.matching(List.of(wrong.rule())) : rules;
      targets.add(new SelectedSubject(WRONG + " " + wrong.name(), target, own));
    }
    for (String name : models) {
      addModel(ServerNames.server(name), rules, targets);
    }
    if (all) {
      for (ServerProvider model : ArgumentResolver.models()) {
        if (model.availability().here() && !models.contains(model.card().name())) {
          addModel(model, rules, targets);
        }
      }
    }
    for (String client : clients) {
      demandPort(CLIENT, client);
    }
    if (!clients.isEmpty() && !targets.isEmpty()) {
      throw new UserError("clients have rules of their own; judge them apart from servers");
    }
    if (clients.isEmpty() && targets.isEmpty()) {
      throw new UserError(
          "name a MODEL, or give --example NAME, --wrong NAME, --target HOST:PORT, --exec 'COMMAND"
              + " {port}' or --client 'COMMAND {port}'");
    }
    return targets;
  }

  /** The wrong servers to judge, each once, in the order of the rules. */
  private List<WrongServer> wrongServers() throws UserError {
    Set<WrongServer> wanted = new HashSet<>();
    for (String name : wrongs) {
      if (name.equals(EVERY)) {
        return WrongServers.all();
      }
      wanted.add(ArgumentResolver.wrong(name));
    }
    return WrongServers.all().stream().filter(wanted::contains).toList();
  }

  /** Adds a model: on the given transport, on its default, or with --thorough on each. */
  private void addModel(ServerProvider model, List<Rule> rules, List<SelectedSubject> targets)
      throws UserError {
    List<Optional<Transport>> transports =
        thorough && !transport.isGiven() && !model.transports().isEmpty()
            ? model.transports().entrySet().stream()
                .filter(it -> it.getValue().here())
                .map(it -> Optional.of(it.getKey()))
                .toList()
            : List.of(transport.of(model));
    for (Optional<Transport> each : transports) {
      String on = each.map(it -> " --transport " + it).orElse("");
      targets.add(
          new SelectedSubject(model.card().name() + on, JudgedServers.target(model, each), rules));
    }
  }

  private static void demandPort(String option, String command) throws UserError {
    if (!command.contains("{port}")) {
      throw new UserError(option + " needs {port} where the command takes its port");
    }
  }
}
