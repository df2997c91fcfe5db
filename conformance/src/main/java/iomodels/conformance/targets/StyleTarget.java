package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * A program in a style of this project. One process runs the instances of all rules, except those
 * that need a process of their own.
 */
public final class StyleTarget implements ProgramTarget {

  private final StyleProvider style;
  private final Program program;
  private final Class<?> source;
  private final List<String> flags;
  private final boolean isCached;
  private final List<String> unexpectedExits = new ArrayList<>();
  private Optional<HostProcess> shared = Optional.empty();

  /** Creates a target for a style that has this program, with the default flags of the JVM. */
  public StyleTarget(StyleProvider style, Program program) {
    this(style, program, List.of(), false);
  }

  /** Creates a target that is to be measured, with additional flags of the JVM. */
  public static StyleTarget toBeMeasured(StyleProvider style, Program program, List<String> flags) {
    return new StyleTarget(style, program, flags, false);
  }

  /** Creates a target whose JVM starts quickly; it is too slow for measurements. */
  public static StyleTarget toBeJudged(StyleProvider style, Program program) {
    return new StyleTarget(style, program, Jvm.QUICK, true);
  }

  private StyleTarget(StyleProvider style, Program program, List<String> flags, boolean isCached) {
    this.flags = flags;
    this.isCached = isCached;
    this.style = style;
    this.program = program;
    this.source = style.page(program).orElseThrow().source();
  }

  @Override
  public String name() {
    return style.style() + " " + program;
  }

  @Override
  public Program program() {
    return program;
  }

  @Override
  public Instance launch(ProgramConfig config) throws IOException, InterruptedException {
    HostProcess host = shared();
    return new HostedProgram(host, start(host, config));
  }

  @Override
  public Instance launchAlone(ProgramConfig config) throws IOException, InterruptedException {
    HostProcess host = new HostProcess(command(cached()));
    try {
      return new ProgramAlone(host, start(host, config));
    } catch (IOException | InterruptedException e) {
      host.close();
      throw e;
    }
  }

  private HostProcess.Started start(HostProcess host, ProgramConfig config)
      throws IOException, InterruptedException {
    try {
      return host.start(
          "%s %d %d%s"
              .formatted(
                  URLEncoder.encode(config.folder().toString(), UTF_8),
                  config.deadline().toMillis(),
                  config.address().getPort(),
                  config.upstreams().stream().map(it -> " " + it.getPort()).collect(joining())));
    } catch (IOException e) {
      throw new IOException("%s did not come up: %s".formatted(name(), e.getMessage()), e);
    }
  }

  /** A JVM that is to be measured runs without a cache. */
  private List<String> cached() throws InterruptedException {
    if (!isCached) {
      return List.of();
    }
    List<String> users = List.of("programs", style.getClass().getModule().getName());
    String folder = URLEncoder.encode(System.getProperty("java.io.tmpdir"), UTF_8);
    // A server on any port, with upstreams that nobody connects to.
    return AheadOfTime.flags(users, this::command, "start 1 %s 1000 0 1 1 1\n".formatted(folder));
  }

  private List<String> command(List<String> cached) {
    return Jvm.command(
        ProgramHostProcess.class,
        style.nativeModules(),
        Stream.concat(flags.stream(), cached.stream()).toList(),
        List.of(style.style(), program.name()));
  }

  private synchronized HostProcess shared() throws IOException, InterruptedException {
    if (shared.filter(it -> !it.child().isAlive()).isPresent()) {
      unexpectedExits.add(shared.get().child().failureDetails());
      shared.get().close();
      shared = Optional.empty();
    }
    if (shared.isEmpty()) {
      shared = Optional.of(new HostProcess(command(cached())));
    }
    return shared.get();
  }

  /** Returns, for each process that has ended by itself, the end of its output. */
  public synchronized List<String> unexpectedExits() {
    return List.copyOf(unexpectedExits);
  }

  private synchronized void noteIfEnded(ManagedProcess child) {
    try {
      if (!child.isAlive()) {
        unexpectedExits.add(child.failureDetails());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** An instance whose objects can be counted. */
  private class HostedProgram extends HostProcess.Hosted {

    HostedProgram(HostProcess host, HostProcess.Started started) {
      super(
          host,
          started.id(),
          new InetSocketAddress(InetAddress.getLoopbackAddress(), started.port()));
    }

    @Override
    public boolean countsObjects() {
      return Histogram.isAvailable();
    }

    @Override
    public OptionalLong reachableObjects() throws IOException, InterruptedException {
      return Histogram.reachableObjects(host().child().handle(), source);
    }
  }

  /** The only instance in its process. */
  private final class ProgramAlone extends HostedProgram {

    ProgramAlone(HostProcess host, HostProcess.Started started) {
      super(host, started);
    }

    @Override
    public void close() {
      noteIfEnded(host().child());
      host().kill();
    }
  }

  @Override
  public synchronized void close() {
    shared.ifPresent(HostProcess::close);
    shared = Optional.empty();
  }
}
