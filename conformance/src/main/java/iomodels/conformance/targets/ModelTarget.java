package iomodels.conformance.targets;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.targets.HostProcess.Hosted;
import iomodels.server.ModelCard;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A model of this project in a process of its own: in one JVM, kit and server would share
 * descriptors, heap, threads and processor time.
 *
 * <p>One process provides every service to the rules that share a server. A second one runs the
 * servers that {@link #launch} starts; it saves the start of a JVM for each of them. {@link
 * #launchAlone} and {@link #launchWithin} start further processes.
 */
public final class ModelTarget implements Target {

  private final ServerProvider provider;
  private final Optional<Transport> transport;
  private final List<String> prefix;
  private final List<String> jvmFlags;
  private final List<Service> served;
  private final boolean measured;

  /** The servers that rules share. Only the last one for a service may still run. */
  private final List<SharedServer> shared = new ArrayList<>();

  private Optional<HostProcess> host = Optional.empty();
  private Optional<HostProcess> launching = Optional.empty();

  /** The transport that the last started server announced. */
  private volatile Optional<Transport> running = Optional.empty();

  private record SharedServer(Service service, Hosted server) {}

  /** Creates a target for tests: its JVMs start quickly, but are too slow for measurements. */
  public ModelTarget(ServerProvider provider, Optional<Transport> transport) {
    this(provider, transport, List.of(), List.of(), Services.all(), false);
  }

  /**
   * Creates a target for measurements, with a command prefix and JVM flags.
   *
   * @param prefix precedes the command, such as {@code taskset -c 0}
   * @param jvmFlags flags for its JVM, besides the necessary ones
   */
  public ModelTarget(
      ServerProvider provider,
      Optional<Transport> transport,
      List<String> prefix,
      List<String> jvmFlags) {
    this(provider, transport, prefix, jvmFlags, Services.all(), true);
  }

  private ModelTarget(
      ServerProvider provider,
      Optional<Transport> transport,
      List<String> prefix,
      List<String> jvmFlags,
      List<Service> served,
      boolean measured) {
    this.provider = provider;
    this.served = served;
    this.measured = measured;
    this.transport = transport;
    this.prefix = List.copyOf(prefix);
    this.jvmFlags = List.copyOf(jvmFlags);
  }

  /** Returns a target for measurements that provides only this service. */
  public ModelTarget serving(Service only) {
    return new ModelTarget(provider, transport, prefix, jvmFlags, List.of(only), true);
  }

  /** Returns the model's name and, as soon as a server has announced it, the actual transport. */
  @Override
  public String name() {
    String model = provider.card().name();
    return running.or(() -> transport).map(it -> model + " on " + it).orElse(model);
  }

  @Override
  public Optional<Set<Capability>> claims() {
    ServerConfig config = ServerConfig.onLoopback().withTransport(transport).withDatagrams(true);
    return Optional.of(provider.capabilities(config));
  }

  @Override
  public Optional<ModelCard> card() {
    return Optional.of(provider.card());
  }

  @Override
  public OptionalInt maxConnections() {
    return provider.maxConnections();
  }

  @Override
  public boolean launchesProcesses() {
    return true;
  }

  @Override
  public boolean serves(Service service) {
    return served.contains(service);
  }

  @Override
  public boolean launchable() {
    return true;
  }

  /** Returns the process of the server that rules share; the first call starts it. */
  public synchronized ProcessHandle process() throws IOException, InterruptedException {
    shared(served.getFirst());
    return host.orElseThrow().child().handle();
  }

  @Override
  public synchronized InetSocketAddress shared(Service service)
      throws IOException, InterruptedException {
    if (host.filter(it -> !it.child().isAlive()).isPresent()) {
      host.get().close();
      host = Optional.empty();
    }
    if (host.isEmpty()) {
      host = Optional.of(new HostProcess(measured ? command(List.of()) : quick()));
      for (Service each : served) {
        share(each);
      }
    }
    Hosted server =
        shared.reversed().stream()
            .filter(it -> it.service.equals(service))
            .findFirst()
            .orElseThrow(() -> new IOException(name() + " did not come up"))
            .server;
    return server.crash(Duration.ZERO).isPresent() ? share(service) : server.address();
  }

  private InetSocketAddress share(Service service) throws IOException, InterruptedException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    Hosted server = hosted(host.orElseThrow(), service, 0, loopback);
    shared.add(new SharedServer(service, server));
    return server.address();
  }

  @Override
  public Optional<String> crash(InetSocketAddress address, Duration within)
      throws InterruptedException {
    Optional<Hosted> server;
    synchronized (this) {
      server =
          shared.stream()
              .map(SharedServer::server)
              .filter(it -> it.address().equals(address))
              .findFirst();
    }
    return server.isPresent() ? server.get().crash(within) : Optional.empty();
  }

  @Override
  public Instance launch(Service service, int port) throws IOException, InterruptedException {
    return launch(service, port, InetAddress.getLoopbackAddress());
  }

  @Override
  public boolean launchesOnAnyHost() {
    return true;
  }

  @Override
  public Instance launchOn(Service service, InetAddress host)
      throws IOException, InterruptedException {
    return launch(service, 0, host);
  }

  private Instance launch(Service service, int port, InetAddress host)
      throws IOException, InterruptedException {
    return hosted(launching(), service, port, host);
  }

  private Hosted hosted(HostProcess child, Service service, int port, InetAddress host)
      throws IOException, InterruptedException {
    HostProcess.Started started = start(child, service, port, host);
    return new Hosted(child, started.id(), Loopback.forClients(host, started.port()));
  }

  private synchronized HostProcess launching() throws IOException, InterruptedException {
    if (launching.filter(it -> !it.child().isAlive()).isPresent()) {
      launching.get().close();
      launching = Optional.empty();
    }
    if (launching.isEmpty()) {
      launching = Optional.of(new HostProcess(quick()));
    }
    return launching.get();
  }

  @Override
  public Instance launchAlone(Service service) throws IOException, InterruptedException {
    return launchAlone(service, quick());
  }

  @Override
  public Instance launchWithin(Service service, int descriptors)
      throws IOException, InterruptedException {
    return launchAlone(service, ManagedProcess.within(descriptors, quick()));
  }

  private Instance launchAlone(Service service, List<String> command)
      throws IOException, InterruptedException {
    HostProcess child = new HostProcess(command);
    try {
      int port = start(child, service, 0, InetAddress.getLoopbackAddress()).port();
      return new ManagedInstance(
          child.child(), new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException | InterruptedException e) {
      child.close();
      throw e;
    }
  }

  private HostProcess.Started start(HostProcess child, Service service, int port, InetAddress host)
      throws IOException, InterruptedException {
    try {
      HostProcess.Started started = child.start(arguments(service, port, host));
      running = Host.transport(started.transport());
      return started;
    } catch (IOException e) {
      throw new IOException("%s did not come up: %s".formatted(name(), e.getMessage()), e);
    }
  }

  private static String arguments(Service service, int port, InetAddress host) {
    return "%s %d %s".formatted(service.name(), port, host.getHostAddress());
  }

  private List<String> quick() throws InterruptedException {
    List<String> users =
        Stream.of(List.of(provider.getClass().getModule().getName()), jvmFlags, prefix)
            .flatMap(List::stream)
            .toList();
    InetAddress loopback = InetAddress.getLoopbackAddress();
    String startAll =
        served.stream()
            .map(it -> "start %1$s %2$s\n".formatted(it.name(), arguments(it, 0, loopback)))
            .collect(joining());
    return quick(AheadOfTime.flags(users, this::quick, startAll));
  }

  private List<String> quick(List<String> flags) {
    // It ends before the second compiler would have begun.
    return command(Stream.concat(Jvm.QUICK.stream(), flags.stream()).toList());
  }

  private List<String> command(List<String> flags) {
    List<String> arguments =
        List.of(
            provider.card().name(),
            transport.map(Transport::toString).orElse(HostCommands.NO_TRANSPORT));
    List<String> allFlags = Stream.concat(flags.stream(), jvmFlags.stream()).toList();
    List<String> java = Jvm.command(Host.class, provider.nativeModules(), allFlags, arguments);
    return Stream.concat(prefix.stream(), java.stream()).toList();
  }

  @Override
  public synchronized void close() {
    host.ifPresent(HostProcess::close);
    host = Optional.empty();
    launching.ifPresent(HostProcess::close);
    launching = Optional.empty();
    shared.clear();
  }
}
