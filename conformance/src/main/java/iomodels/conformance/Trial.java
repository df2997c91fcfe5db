package iomodels.conformance;

import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.Target;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * One try of one rule: its connections, its randomness, its bounds. Whatever it opened is closed
 * with it, latest first. Safe for use by several threads, but for {@link #random()}.
 */
public final class Trial implements AutoCloseable {

  private final Target target;
  private final Service service;
  private final Bounds bounds;
  private final RandomGenerator random;
  private final Transcript transcript = new Transcript();
  private final AtomicInteger peers = new AtomicInteger();
  private final ConcurrentLinkedDeque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

  Trial(Target target, Service service, Bounds bounds, long seed) {
    this.target = target;
    this.service = service;
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

  /** Connects to a server that this trial has launched. */
  public Peer connect(Instance instance) throws Broken, IOException {
    return connect(instance.address(), 0);
  }

  /** The same, with a small window. */
  public Peer connectWithWindow(Instance instance, int bytes) throws Broken, IOException {
    return connect(instance.address(), bytes);
  }

  private Peer connect(InetSocketAddress address, int receiveBuffer) throws Broken, IOException {
    Peer peer =
        Peer.connect(address, receiveBuffer, patience(), transcript, "#" + peers.incrementAndGet());
    opened.push(peer);
    return peer;
  }

  /** A sender of datagrams to the server that all rules share. */
  public DatagramPeer datagrams() throws IOException, InterruptedException {
    DatagramPeer peer =
        new DatagramPeer(server(), patience(), transcript, "#" + peers.incrementAndGet());
    opened.push(peer);
    return peer;
  }

  /** The server that all rules share, which runs all the time. */
  public InetSocketAddress server() throws IOException, InterruptedException {
    return target.shared(service);
  }

  /**
   * Launches a server for this trial alone.
   *
   * @param port where; 0 for one that the system chooses
   * @throws IOException if it does not come up, with its own words
   */
  public Instance launch(int port) throws IOException, InterruptedException {
    transcript.add("kit", "launches a server on port " + port);
    Instance instance = target.launch(service, port);
    transcript.add("kit", "was told " + instance.address());
    opened.push(instance);
    return instance;
  }

  /** Asks a server to stop; does not wait. */
  public void stop(Instance instance) {
    transcript.add("kit", "asks the server to stop");
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
