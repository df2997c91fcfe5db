package iomodels.conformance;

import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.FreePort;
import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Target;
import iomodels.meter.CostMeter;
import iomodels.process.TemporaryFolder;
import iomodels.program.ProgramConfig;
import iomodels.server.ModelCard;
import iomodels.server.spi.Capability;
import iomodels.service.Protocol;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The context of one run of a test: connections, random numbers and bounds. Closing it closes
 * everything that it has opened, in reverse order. Safe for use by several threads, except {@link
 * #random()}.
 */
public final class TestContext implements AutoCloseable {

  private final Optional<Target> target;
  private final Optional<Client> client;
  private final Optional<ProgramTarget> programs;
  private final Protocol protocol;
  private final Bounds bounds;
  private final Set<Capability> capabilities;
  private final RandomGenerator random;
  private final Transcript transcript = new Transcript();
  private final AtomicInteger peers = new AtomicInteger();
  private final AtomicInteger backends = new AtomicInteger();
  private final ConcurrentLinkedDeque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

  /** The address of the server that rules share, once this test has used it. */
  private Optional<InetSocketAddress> shared = Optional.empty();

  /** Servers and programs that were launched, and have not been told to stop. */
  private final Set<Instance> running = ConcurrentHashMap.newKeySet();

  /** Servers that have a process of their own. */
  private final Set<Instance> alone = ConcurrentHashMap.newKeySet();

  TestContext(Target target, Service service, Bounds bounds, long seed) {
    this(target, service, target.claims().orElse(Set.of()), bounds, seed);
  }

  /**
   * Creates the context of a rule for servers.
   *
   * @param capabilities the capabilities that are demanded of the server
   */
  TestContext(
      Target target, Service service, Set<Capability> capabilities, Bounds bounds, long seed) {
    this(
        Optional.of(target),
        Optional.empty(),
        Optional.empty(),
        service,
        capabilities,
        bounds,
        seed);
  }

  /** Creates the context of a rule for clients. */
  TestContext(Client client, Service service, Bounds bounds, long seed) {
    this(Optional.empty(), Optional.of(client), Optional.empty(), service, Set.of(), bounds, seed);
  }

  /** Creates the context of a rule for a program. */
  TestContext(ProgramTarget programs, Bounds bounds, long seed) {
    this(
        Optional.empty(),
        Optional.empty(),
        Optional.of(programs),
        programs.program(),
        Set.of(),
        bounds,
        seed);
  }

  private TestContext(
      Optional<Target> target,
      Optional<Client> client,
      Optional<ProgramTarget> programs,
      Protocol protocol,
      Set<Capability> capabilities,
      Bounds bounds,
      long seed) {
    this.target = target;
    this.client = client;
    this.programs = programs;
    this.protocol = protocol;
    this.capabilities = Set.copyOf(capabilities);
    this.bounds = bounds;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /** Connects to the server that all rules share. */
  public Peer connect() throws Broken, IOException, InterruptedException {
    return connect(server(), 0);
  }

  /** Connects with a receive buffer of about this size, and so with a small TCP window. */
  public Peer connectWithWindow(int bytes) throws Broken, IOException, InterruptedException {
    return connect(server(), bytes);
  }

  /** Connects to a server that this test has launched. */
  public Peer connect(Instance instance) throws Broken, IOException {
    return connect(instance.address(), 0);
  }

  /** Connects with a receive buffer of about this size to a server of this test. */
  public Peer connectWithWindow(Instance instance, int bytes) throws Broken, IOException {
    return connect(instance.address(), bytes);
  }

  /** Connects with send and receive buffers of about this size, which do not grow. */
  public Peer connectWithBuffers(int bytes) throws Broken, IOException, InterruptedException {
    return connect(server(), bytes, bytes);
  }

  /** Connects with send and receive buffers of about this size to a server of this test. */
  public Peer connectWithBuffers(Instance instance, int bytes) throws Broken, IOException {
    return connect(instance.address(), bytes, bytes);
  }

  private Peer connect(InetSocketAddress address, int receiveBuffer) throws Broken, IOException {
    return connect(address, receiveBuffer, 0);
  }

  private Peer connect(InetSocketAddress address, int receiveBuffer, int sendBuffer)
      throws Broken, IOException {
    Peer peer =
        Peer.connect(
            address,
            receiveBuffer,
            sendBuffer,
            patience(),
            transcript,
            "#" + peers.incrementAndGet());
    opened.push(peer);
    return peer;
  }

  /** Creates a sender of datagrams to the server that all rules share. */
  public DatagramPeer datagrams() throws IOException, InterruptedException {
    return datagrams(server());
  }

  /** Creates a sender of datagrams to an address. */
  public DatagramPeer datagrams(InetSocketAddress address) throws IOException {
    DatagramPeer peer =
        new DatagramPeer(address, patience(), transcript, "#" + peers.incrementAndGet());
    opened.push(peer);
    return peer;
  }

  /**
   * Returns the address of the server that all rules share: the same one during the whole test,
   * even if this server ends meanwhile.
   *
   * @throws Inconclusive if it has ended, and does not start again; the message is the server's own
   */
  public synchronized InetSocketAddress server() throws Inconclusive, InterruptedException {
    if (shared.isEmpty()) {
      try {
        shared = Optional.of(target().shared(service()));
      } catch (IOException e) {
        throw new Inconclusive(String.valueOf(e.getMessage()), e);
      }
    }
    return shared.get();
  }

  /**
   * Launches a server for this test alone. It may share a process with the servers of other tests.
   *
   * @param port the port; 0 for one that the system chooses
   * @throws Inconclusive if the server does not start; the message is the server's own
   */
  public Instance launch(int port) throws Inconclusive, InterruptedException {
    transcript.add("kit", "launches a server on port " + port);
    return launched(() -> target().launch(service(), port));
  }

  /**
   * Launches a server in a process in which nothing else runs, so that the test can observe or
   * pause it.
   *
   * @throws Inconclusive if the server does not start; the message is the server's own
   */
  public Instance launchAlone() throws Inconclusive, InterruptedException {
    transcript.add("kit", "launches a server");
    return alone(() -> target().launchAlone(service()));
  }

  private Instance alone(Launch launch) throws Inconclusive, InterruptedException {
    Instance instance = launched(launch);
    alone.add(instance);
    return instance;
  }

  /** Starts a server or program. */
  private interface Launch {
    Instance start() throws IOException, InterruptedException;
  }

  private Instance launched(Launch launch) throws Inconclusive, InterruptedException {
    Instance instance;
    try {
      instance = launch.start();
    } catch (IOException e) {
      throw new Inconclusive(String.valueOf(e.getMessage()), e);
    }
    transcript.add("kit", "gets the address " + instance.address());
    opened.push(instance);
    running.add(instance);
    return instance;
  }

  /**
   * Returns how a server that this test has used has ended without being told to stop, as a phrase
   * without a subject; empty if all of them run.
   *
   * @param within how long to wait for the end of each
   */
  Optional<String> crash(Duration within) throws InterruptedException {
    Optional<InetSocketAddress> used;
    synchronized (this) {
      used = shared;
    }
    Optional<String> crash =
        used.isPresent() ? target().crash(used.get(), within) : Optional.empty();
    for (Instance each : running) {
      crash = crash.isPresent() ? crash : each.crash(within);
    }
    return crash;
  }

  /** Connects; empty if the connection is not established within this time. */
  public Optional<Peer> connectWithin(Instance instance, Duration time) throws IOException {
    try {
      Peer peer =
          Peer.connect(
              instance.address(),
              0,
              0,
              time,
              patience(),
              transcript,
              "#" + peers.incrementAndGet());
      opened.push(peer);
      return Optional.of(peer);
    } catch (Broken _) {
      return Optional.empty();
    }
  }

  /** Connects, sends these bytes in one write, and resets the connection. */
  public void abort(Instance instance, ByteBuffer bytes) throws Broken, IOException {
    Peer.abort(instance.address(), bytes, patience());
  }

  /** Launches a server for this test alone on this address, with a port that the system chooses. */
  public Instance launchOn(InetAddress host) throws IOException, InterruptedException {
    transcript.add("kit", "launches a server on " + host.getHostAddress());
    return launched(() -> target().launchOn(service(), host));
  }

  /** Launches a server for this test alone, with a limit on its descriptors. */
  public Instance launchWithin(int descriptors) throws IOException, InterruptedException {
    transcript.add("kit", "launches a server with %d descriptors".formatted(descriptors));
    return alone(() -> target().launchWithin(service(), descriptors));
  }

  /**
   * Returns a meter of the resources that the process of a server uses.
   *
   * @throws IllegalStateException if the test has not launched this server alone. Instances of a
   *     program may share a process: a rule that reads it runs while no other rule does.
   */
  public CostMeter meter(Instance instance) throws IOException {
    if (programs.isEmpty()) {
      demandAlone(instance);
    }
    return instance
        .process()
        .flatMap(CostMeter::of)
        .orElseThrow(() -> new Inconclusive("the server has no process of its own"));
  }

  private void demandAlone(Instance instance) {
    if (!alone.contains(instance)) {
      throw new IllegalStateException("the process may run servers of other tests as well");
    }
  }

  /** Starts the client under test; the kit is its server. */
  public ClientUnderTest call() throws IOException {
    ClientUnderTest started = ClientUnderTest.start(client.orElseThrow(), patience(), transcript);
    opened.push(started);
    return started;
  }

  /** Starts the client under test with a port on which nobody listens. */
  public ClientUnderTest callWithoutServer() throws IOException {
    ClientUnderTest started =
        ClientUnderTest.startWithoutServer(client.orElseThrow(), patience(), transcript);
    opened.push(started);
    return started;
  }

  /** Creates an upstream for the program; it accepts a connection when the rule calls for it. */
  public Backend backend() throws IOException {
    return backendWithWindow(0);
  }

  /**
   * Creates an upstream whose connections have receive buffers of about this size, and so small TCP
   * windows. Their send buffers grow: a receiver that does not read acknowledges late, so that a
   * small send buffer would be filled only every 40 ms (RFC 1122, section 4.2.3.2).
   */
  public Backend backendWithWindow(int bytes) throws IOException {
    return opened(
        Backend.listening(
            bytes, patience(), transcript, "upstream" + backends.incrementAndGet(), opened::push));
  }

  /** Creates an upstream that refuses connections. */
  public Backend refusingBackend() throws IOException {
    return opened(
        Backend.refusing(
            patience(), transcript, "upstream" + backends.incrementAndGet(), opened::push));
  }

  /** Creates an upstream whose accept backlog is full: connecting to it does not complete. */
  public Backend fullBackend() throws IOException, InterruptedException {
    return opened(
        Backend.full(
            patience(), transcript, "upstream" + backends.incrementAndGet(), opened::push));
  }

  private Backend opened(Backend backend) {
    opened.push(backend);
    return backend;
  }

  /** Creates an empty folder for this test alone. */
  public Path folder() throws IOException {
    TemporaryFolder folder = TemporaryFolder.create("test");
    opened.push(folder);
    return folder.path();
  }

  /** Creates a file in the folder whose readers block until the kit releases it. */
  public SlowFile slowFile(Path folder, String name) throws IOException, InterruptedException {
    SlowFile file = SlowFile.in(folder, name, patience(), transcript);
    opened.push(file);
    return file;
  }

  /** Creates a FIFO in the folder, to which nobody writes. */
  public void fifo(Path folder, String name) throws IOException, InterruptedException {
    SlowFile.makeFifos(List.of(folder.resolve(name)));
  }

  /** Creates files like {@link #slowFile}, in less time than one after the other. */
  public List<SlowFile> slowFiles(Path folder, String prefix, int number)
      throws IOException, InterruptedException {
    List<Path> paths = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      paths.add(folder.resolve(prefix + i));
    }
    SlowFile.makeFifos(paths);
    List<SlowFile> files = new ArrayList<>();
    for (Path each : paths) {
      SlowFile file = SlowFile.of(each, patience(), transcript);
      opened.push(file);
      files.add(file);
    }
    return files;
  }

  /** Starts the program under test with these upstreams. */
  public Instance program(Backend... upstreams) throws IOException, InterruptedException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (Backend each : upstreams) {
      addresses.add(each.address());
    }
    return program(ProgramConfig.onLoopback(addresses));
  }

  /** Starts the program under test with this configuration. */
  public Instance program(ProgramConfig config) throws IOException, InterruptedException {
    return launched(() -> programs.orElseThrow().launch(config));
  }

  /** Returns whether the program under test applies the time limit of its configuration. */
  public boolean hasDeadline() {
    return programs.orElseThrow().hasDeadline();
  }

  /** Starts the program under test in a process in which nothing else runs. */
  public Instance programAlone(ProgramConfig config) throws IOException, InterruptedException {
    return alone(() -> programs.orElseThrow().launchAlone(config));
  }

  /** Suspends the process of a server that is alone in it, until it is resumed. */
  public PausedProcess pause(Instance instance) throws IOException, InterruptedException {
    demandAlone(instance);
    transcript.add("kit", "pauses the process");
    ProcessHandle process =
        instance.process().orElseThrow(() -> new Inconclusive("there is no process to pause"));
    PausedProcess paused = PausedProcess.of(process, patience());
    opened.push(paused);
    return paused;
  }

  /** Returns an address on this machine on which nobody listens at the moment. */
  public InetSocketAddress freeAddress() throws IOException {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.find());
  }

  /** Demands that the connection of a new client ends: with RST during the handshake, or soon. */
  public void expectEnd(Instance instance, Duration within) throws Broken, IOException {
    Optional<Peer> peer = connectUnlessReset(instance);
    if (peer.isPresent()) {
      peer.get().expectEnd(within);
      peer.get().close();
    }
  }

  /** Connects; empty if the connection is reset during the handshake. */
  public Optional<Peer> connectUnlessReset(Instance instance) throws Broken, IOException {
    try {
      return Optional.of(connect(instance));
    } catch (Broken e) {
      if (String.valueOf(e.getMessage()).contains("reset")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Returns the service with which a rule for servers is tested. */
  public Service service() {
    return (Service) protocol;
  }

  private Target target() {
    return target.orElseThrow();
  }

  /** Adds an observation of the kit to the transcript; the kit is the subject of the sentence. */
  public void note(String observation) {
    transcript.add("kit", observation);
  }

  /** Returns the target's model card; empty if the target is not a model of this project. */
  public Optional<ModelCard> card() {
    return target().card();
  }

  /** Returns the given number of clients, or fewer if the target serves fewer at once. */
  public int atOnce(int clients) {
    return Math.min(clients, isConcurrent() ? target().maxConnections().orElse(clients) : 1);
  }

  /** Returns whether the server claims, or was found, to serve clients at the same time. */
  public boolean isConcurrent() {
    return capabilities.contains(Capability.CONCURRENT);
  }

  /** Returns whether the server claims, or was found, to answer datagrams. */
  public boolean claimsDatagrams() {
    return capabilities.contains(Capability.DATAGRAMS);
  }

  /**
   * Returns a server on which a test may keep a client waiting for long: the shared server if it
   * serves many clients at the same time, otherwise one that is launched for this test, if the kit
   * can launch it.
   */
  public InetSocketAddress serverToOccupy() throws IOException, InterruptedException {
    boolean many = isConcurrent() && target().maxConnections().isEmpty();
    return many || !target().launchable() ? server() : launch(0).address();
  }

  /** Connects to an address, with a receive buffer of about this size; 0 for the default. */
  public Peer connectTo(InetSocketAddress address, int receiveBuffer) throws Broken, IOException {
    return connect(address, receiveBuffer);
  }

  /** Tells a server to stop; does not wait. */
  public void stop(Instance instance) {
    transcript.add("kit", "tells the server to stop");
    running.remove(instance);
    instance.stop();
  }

  /** Returns the random number generator of this run; the same seed gives the same numbers. */
  public RandomGenerator random() {
    return random;
  }

  /** Returns the value of a bound that is a count. */
  public int count(Bound bound) {
    return bounds.count(bound);
  }

  /** Returns the value of a bound that is a duration. */
  public Duration time(Bound bound) {
    return bounds.time(bound);
  }

  /** Returns a limit of a server's time that is no bound: on a busy machine, it is wider. */
  public Duration limit(Duration standard) {
    return bounds.limit(standard);
  }

  /** Returns how long the kit waits for data that is due. */
  public Duration patience() {
    return bounds.time(Bound.PATIENCE);
  }

  List<String> transcript() {
    return transcript.lines();
  }

  /**
   * Closes everything at once, and leaves the calling thread interrupted: so a server that ends in
   * order is not waited for.
   */
  void cancel() {
    Thread.currentThread().interrupt();
    close();
  }

  @Override
  public void close() {
    for (AutoCloseable each = opened.poll(); each != null; each = opened.poll()) {
      try {
        each.close();
      } catch (Exception ignored) {
        // a failed close has no influence on the verdict
      }
    }
  }
}
