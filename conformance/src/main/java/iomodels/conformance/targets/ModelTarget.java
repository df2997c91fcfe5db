package iomodels.conformance.targets;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A model of this project in a process of its own: in one JVM, kit and server would share
 * descriptors, heap, threads and processor time.
 *
 * <p>One process provides every service to the rules that share a server; {@link #launch} starts
 * another process.
 */
public final class ModelTarget implements Target {

  private static final Duration START = Duration.ofSeconds(60);

  private final ServerProvider provider;
  private final Optional<Transport> transport;
  private final List<String> prefix;
  private final List<String> jvmFlags;
  private final List<Service> served;
  private final boolean measured;
  private final Map<Service, InetSocketAddress> shared = new HashMap<>();
  private Optional<ManagedProcess> host = Optional.empty();

  /** The transport that the last started server announced. */
  private volatile Optional<Transport> running = Optional.empty();

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
    return host.orElseThrow().handle();
  }

  @Override
  public synchronized InetSocketAddress shared(Service service)
      throws IOException, InterruptedException {
    if (host.isEmpty()) {
      List<String> endpoints = served.stream().map(it -> it.name() + ":0").toList();
      ManagedProcess child =
          new ManagedProcess(measured ? command(endpoints, List.of()) : quick(endpoints));
      host = Optional.of(child);
      for (Service each : served) {
        shared.put(each, announced(child));
      }
    }
    InetSocketAddress address = shared.get(service);
    if (address == null) {
      throw new IOException(name() + " did not come up");
    }
    return address;
  }

  @Override
  public Instance launch(Service service, int port) throws IOException, InterruptedException {
    ManagedProcess child = new ManagedProcess(quick(List.of(service.name() + ":" + port)));
    return new ManagedInstance(child, announced(child));
  }

  @Override
  public boolean launchesOnAnyHost() {
    return true;
  }

  @Override
  public Instance launchOn(Service service, InetAddress host)
      throws IOException, InterruptedException {
    ManagedProcess child =
        new ManagedProcess(
            quick(List.of("%s:0@%s".formatted(service.name(), host.getHostAddress()))));
    int port = announced(child).getPort();
    return new ManagedInstance(child, Loopback.forClients(host, port));
  }

  @Override
  public Instance launchWithin(Service service, int descriptors)
      throws IOException, InterruptedException {
    ManagedProcess child =
        new ManagedProcess(
            ManagedProcess.within(descriptors, quick(List.of(service.name() + ":0"))));
    return new ManagedInstance(child, announced(child));
  }

  private List<String> quick(List<String> endpoints) throws InterruptedException {
    List<String> all = served.stream().map(it -> it.name() + ":0").toList();
    List<String> users =
        Stream.of(List.of(provider.getClass().getModule().getName()), jvmFlags, prefix)
            .flatMap(List::stream)
            .toList();
    return quick(endpoints, AheadOfTime.flags(users, it -> quick(all, it), ""));
  }

  private List<String> quick(List<String> endpoints, List<String> flags) {
    // It ends before the second compiler would have begun.
    return command(endpoints, Stream.concat(Jvm.QUICK.stream(), flags.stream()).toList());
  }

  private InetSocketAddress announced(ManagedProcess child)
      throws IOException, InterruptedException {
    Optional<String> line;
    try {
      line = child.lineBeginning(Host.LISTENING, START);
    } catch (InterruptedException e) {
      child.close();
      throw e;
    }
    if (line.isEmpty()) {
      String details = child.failureDetails();
      child.close();
      throw new IOException("%s did not come up: %s".formatted(name(), details));
    }
    String[] words = line.get().split(" ", -1);
    running = Host.transport(words[2]);
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(words[1]));
  }

  private List<String> command(List<String> endpoints, List<String> flags) {
    List<String> arguments = new ArrayList<>();
    arguments.add(provider.card().name());
    arguments.add(transport.map(Transport::toString).orElse(Host.NO_TRANSPORT));
    arguments.addAll(endpoints);
    List<String> allFlags = Stream.concat(flags.stream(), jvmFlags.stream()).toList();
    List<String> java = Jvm.command(Host.class, provider.nativeModules(), allFlags, arguments);
    return Stream.concat(prefix.stream(), java.stream()).toList();
  }

  @Override
  public synchronized void close() {
    host.ifPresent(ManagedProcess::close);
    host = Optional.empty();
    shared.clear();
  }
}
