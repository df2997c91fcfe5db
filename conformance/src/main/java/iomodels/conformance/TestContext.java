package iomodels.conformance;

import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Target;
import iomodels.meter.CostMeter;
import iomodels.program.ProgramConfig;
import iomodels.server.ModelCard;
import iomodels.server.spi.Capability;
import iomodels.service.Protocol;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
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
import java.util.stream.Stream;

/**
 * One try of one rule: its connections, its randomness, its bounds. Whatever it opened is closed
 * with it, latest first. Safe for use by several threads, but for {@link #random()}.
 */
public final class TestContext implements AutoCloseable {

  private final Optional<Target> target;
  private final Optional<Client> client;
  private final Optional<ProgramTarget> programs;
  private final Protocol protocol;
  private final Bounds bounds;
  private final RandomGenerator random;
  private final Transcript transcript = new Transcript();
  private final AtomicInteger peers = new AtomicInteger();
  private final AtomicInteger backends = new AtomicInteger();
  private final ConcurrentLinkedDeque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

  /** What was launched, and has not been asked to stop. */
  private final Set<Instance> running = ConcurrentHashMap.newKeySet();

  TestContext(Target target, Service service, Bounds bounds, long seed) {
    this(Optional.of(target), Optional.empty(), Optional.empty(), service, bounds, seed);
  }

  /** A try of a rule for clients. */
  TestContext(Client client, Service service, Bounds bounds, long seed) {
    this(Optional.empty(), Optional.of(client), Optional.empty(), service, bounds, seed);
  }

  /** A try of a rule for a program. */
  TestContext(ProgramTarget programs, Bounds bounds, long seed) {
    this(
        Optional.empty(),
        Optional.empty(),
        Optional.of(programs),
        programs.program(),
        bounds,
        seed);
  }

  private TestContext(
      Optional<Target> target,
      Optional<Client> client,
      Optional<ProgramTarget> programs,
      Protocol protocol,
      Bounds bounds,
      long seed) {
    this.target = target;
    this.client = client;
    this.programs = programs;
    this.protocol = protocol;
    this.bounds = bounds;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /** Connects to the server that all rules share. */
  public Peer connect() throws Broken, IOException, InterruptedException {
    return connect(server(), 0);
  }

  /** The same, with a receive buffer of about that many bytes, and so a small window. */
  public Peer connectWithWindow(int bytes) throws Broken, IOException, InterruptedException {
    return connect(server(), bytes);
  }

  /** Connects to a server that this test has launched. */
  public Peer connect(Instance instance) throws Broken, IOException {
    return connect(instance.address(), 0);
  }

  /** The same, with a small window. */
  public Peer connectWithWindow(Instance instance, int bytes) throws Broken, IOException {
    return connect(instance.address(), bytes);
  }

  /** Connects with buffers of about that many bytes, which do not grow. */
  public Peer connectWithBuffers(int bytes) throws Broken, IOException, InterruptedException {
    return connect(server(), bytes, bytes);
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

  /** A sender of datagrams to the server that all rules share. */
  public DatagramPeer datagrams() throws IOException, InterruptedException {
    return datagrams(server());
  }

  /** A sender of datagrams to that address. */
  public DatagramPeer datagrams(InetSocketAddress address) throws IOException {
    DatagramPeer peer =
        new DatagramPeer(address, patience(), transcript, "#" + peers.incrementAndGet());
    opened.push(peer);
    return peer;
  }

  /** The server that all rules share, which runs all the time. */
  public InetSocketAddress server() throws IOException, InterruptedException {
    return target().shared(service());
  }

  /**
   * Launches a server for this test alone.
   *
   * @param port where; 0 for one that the system chooses
   * @throws Inconclusive if it does not come up, with its own words
   */
  public Instance launch(int port) throws Inconclusive, InterruptedException {
    transcript.add("kit", "launches a server on port " + port);
    return launched(() -> target().launch(service(), port));
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
    transcript.add("kit", "was told " + instance.address());
    opened.push(instance);
    running.add(instance);
    return instance;
  }

  /** Whether a process that was launched for this test has ended although it was not stopped. */
  boolean hasCrashed() {
    return running.stream()
        .flatMap(instance -> instance.process().stream())
        .anyMatch(process -> !process.isAlive());
  }

  /** Connects, if the connection is completed within that time. */
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

  /** A client that sends these bytes in one write, and resets. */
  public void abort(Instance instance, ByteBuffer bytes) throws Broken, IOException {
    Peer.abort(instance.address(), bytes, patience());
  }

  /** Launches a server for this test alone on that address; port and transport as it likes. */
  public Instance launchOn(InetAddress host) throws IOException, InterruptedException {
    transcript.add("kit", "launches a server on " + host.getHostAddress());
    return launched(() -> target().launchOn(service(), host));
  }

  /** Launches a server for this test alone that never has more descriptors than that. */
  public Instance launchWithin(int descriptors) throws IOException, InterruptedException {
    transcript.add("kit", "launches a server with %d descriptors".formatted(descriptors));
    return launched(() -> target().launchWithin(service(), descriptors));
  }

  /** Reads what a launched server's process costs. */
  public CostMeter meter(Instance instance) throws IOException {
    return instance
        .process()
        .flatMap(CostMeter::of)
        .orElseThrow(() -> new Inconclusive("there is no process to be seen"));
  }

  /** Starts the client that is judged, and is its server. */
  public ClientUnderTest call() throws IOException {
    ClientUnderTest caller = ClientUnderTest.start(client.orElseThrow(), patience(), transcript);
    opened.push(caller);
    return caller;
  }

  /** Starts the client that is judged, where nobody listens. */
  public ClientUnderTest callWithoutServer() throws IOException {
    ClientUnderTest caller =
        ClientUnderTest.startWithoutServer(client.orElseThrow(), patience(), transcript);
    opened.push(caller);
    return caller;
  }

  /** A server that the program is to turn to; it accepts when the rule says so. */
  public Backend backend() throws IOException {
    return opened(
        Backend.listening(
            patience(), transcript, "upstream" + backends.incrementAndGet(), opened::push));
  }

  /** One that refuses connections. */
  public Backend refusingBackend() throws IOException {
    return opened(
        Backend.refusing(patience(), transcript, "upstream" + backends.incrementAndGet()));
  }

  /** One that accepts nothing, and whose queue is full: who connects to it waits. */
  public Backend fullBackend() throws IOException, InterruptedException {
    return opened(
        Backend.full(
            patience(), transcript, "upstream" + backends.incrementAndGet(), opened::push));
  }

  private Backend opened(Backend backend) {
    opened.push(backend);
    return backend;
  }

  /** An empty folder for this test alone. */
  public Path folder() throws IOException {
    Path folder = Files.createTempDirectory("iomodels");
    opened.push(() -> delete(folder));
    return folder;
  }

  private static void delete(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.toList();
    }
    for (Path each : files) {
      Files.deleteIfExists(each);
    }
    Files.deleteIfExists(folder);
  }

  /** A file in that folder that nobody has read before the kit lets them. */
  public SlowFile slowFile(Path folder, String name) throws IOException, InterruptedException {
    SlowFile file = SlowFile.in(folder, name, patience(), transcript);
    opened.push(file);
    return file;
  }

  /** A FIFO in that folder, to which nobody writes. */
  public void fifo(Path folder, String name) throws IOException, InterruptedException {
    SlowFile.makeFifo(folder.resolve(name));
  }

  /** Starts the program that is judged, with those upstreams. */
  public Instance program(Backend... upstreams) throws IOException, InterruptedException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (Backend each : upstreams) {
      addresses.add(each.address());
    }
    return program(ProgramConfig.onLoopback(addresses));
  }

  /** The same. */
  public Instance program(ProgramConfig config) throws IOException, InterruptedException {
    return launched(() -> programs.orElseThrow().launch(config));
  }

  /** The same, in a process in which nothing else runs. */
  public Instance programAlone(ProgramConfig config) throws IOException, InterruptedException {
    return launched(() -> programs.orElseThrow().launchAlone(config));
  }

  /** Keeps the process of a server that is alone in it from running, until it is resumed. */
  public PausedProcess pause(Instance instance) throws IOException, InterruptedException {
    transcript.add("kit", "pauses the process");
    ProcessHandle process =
        instance.process().orElseThrow(() -> new Inconclusive("there is no process to pause"));
    PausedProcess paused = PausedProcess.of(process, patience());
    opened.push(paused);
    return paused;
  }

  /** An address on this machine where nobody listens just now. */
  public InetSocketAddress freeAddress() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  /** Demands that whoever connects is reset: as soon as the connection is made, or before. */
  public void expectReset(Instance instance, Duration within) throws Broken, IOException {
    Peer peer;
    try {
      peer = connect(instance);
    } catch (Broken e) {
      if (String.valueOf(e.getMessage()).contains("reset")) {
        return;
      }
      throw e;
    }
    peer.expectReset(within);
    peer.close();
  }

  private Service service() {
    return (Service) protocol;
  }

  private Target target() {
    return target.orElseThrow();
  }

  /** Notes what the kit has seen of a server from outside. */
  public void note(String what) {
    transcript.add("kit", what);
  }

  /** What is declared of the target, if it is a model. */
  public Optional<ModelCard> card() {
    return target().card();
  }

  /** How many of so many clients the target says that it serves at once. */
  public int atOnce(int clients) {
    boolean sequential =
        target().claims().filter(claims -> !claims.contains(Capability.CONCURRENT)).isPresent();
    return Math.min(clients, sequential ? 1 : target().maxConnections().orElse(clients));
  }

  /** Asks a server to stop; does not wait. */
  public void stop(Instance instance) {
    transcript.add("kit", "asks the server to stop");
    running.remove(instance);
    instance.stop();
  }

  /** Bytes that look random, the same for the same seed. */
  public RandomGenerator random() {
    return random;
  }

  /** That bound, as a number. */
  public int count(Bound bound) {
    return bounds.count(bound);
  }

  /** That bound, as a time. */
  public Duration time(Bound bound) {
    return bounds.time(bound);
  }

  /** How long the kit waits for what is owed. */
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
        // closing tells nothing about the rule
      }
    }
  }
}
