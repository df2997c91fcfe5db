package iomodels.conformance.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.FastThreadLocalThread;
import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import reactor.blockhound.BlockHound;

/**
 * Two proofs on models with Netty below them, as JUnit tests: in the {@link StressWorkload} every
 * buffer is given back, which Netty's leak detector watches, and nothing blocks an event loop,
 * which BlockHound watches. The servers run in this JVM. A module calls it as it calls {@link
 * Conformance}; it needs BlockHound, and flags for the JVM of its tests: {@code
 * -XX:+AllowRedefinitionToAddDeleteMethods}, and {@code -Dio.netty.leakDetection.level=paranoid},
 * without which Vert.x turns the detector off.
 */
public final class EventLoopChecks {

  private static final String CANARY = "canary";
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

  /**
   * Where a loop of Netty's waits by design: for a lock that is held for a moment, for a file of
   * the system's that is read once, or when it has ended and serves no one, as when Vert.x ends its
   * other threads there. But for these last, Netty permits them by itself, which BlockHound does
   * not find on the module path.
   */
  private static final Map<String, List<String>> PERMITTED =
      Map.of(
          "io.netty.buffer.PoolArena", List.of("lock"),
          "io.netty.buffer.PoolSubpage", List.of("lock"),
          "io.netty.buffer.PoolChunk", List.of("allocateRun", "free"),
          "io.netty.buffer.AdaptivePoolingAllocator$1", List.of("initialValue", "onRemoval"),
          "io.netty.util.NetUtil$SoMaxConnAction", List.of("run"),
          "io.netty.util.concurrent.GlobalEventExecutor", List.of("addTask"),
          "io.netty.util.concurrent.SingleThreadEventExecutor",
              List.of("addTask", "confirmShutdown"),
          "io.netty.channel.SingleThreadIoEventLoop", List.of("cleanup"),
          "io.vertx.core.internal.WorkerPool", List.of("close"));

  private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();
  private static final Queue<String> BLOCKS = new ConcurrentLinkedQueue<>();

  /** The listener is told all the same; kept here, since loggers are held weakly. */
  private static final Logger LEAK_LOGGER = Logger.getLogger(ResourceLeakDetector.class.getName());

  static {
    LEAK_LOGGER.setUseParentHandlers(false);
    ByteBufUtil.setLeakListener((type, records) -> LEAKS.add(type + " leaked: " + records));
  }

  private EventLoopChecks() {}

  /**
   * A test for each model on the module path and each transport; and, for each model, that the same
   * with a fault put in would have failed.
   *
   * @param isLoop which of Netty's threads are event loops
   */
  public static Stream<DynamicNode> tests(Predicate<Thread> isLoop) {
    BlockHound.Builder watch = BlockHound.builder();
    PERMITTED.forEach(
        (type, methods) -> methods.forEach(it -> watch.allowBlockingCallsInside(type, it)));
    watch
        .nonBlockingThreadPredicate(
            _ -> thread -> thread instanceof FastThreadLocalThread && isLoop.test(thread))
        .blockingMethodCallback(method -> BLOCKS.add(method + trace()))
        .install();
    return ServerProvider.installed().stream().flatMap(EventLoopChecks::tests);
  }

  private static Stream<DynamicNode> tests(ServerProvider provider) {
    String model = provider.card().name();
    Stream<DynamicNode> proofs =
        provider.transports().entrySet().stream()
            .map(
                each ->
                    dynamicTest(
                        model + " on " + each.getKey() + " leaks no buffer, and blocks no loop",
                        () -> {
                          assumeTrue(each.getValue().here(), each.getValue().reason());
                          exercise(provider, Optional.of(each.getKey()));
                          assertEquals(List.of(), List.copyOf(BLOCKS));
                          assertEquals(List.of(), List.copyOf(LEAKS));
                        }));
    DynamicNode proofOfThem =
        dynamicTest(
            model + " would have been caught",
            () -> {
              exercise(new Faulty(provider), Optional.empty());
              assertTrue(isNamed("leak", LEAKS), LEAKS::toString);
              assertTrue(isNamed("block", BLOCKS), BLOCKS::toString);
            });
    return Stream.concat(proofs, Stream.of(proofOfThem));
  }

  private static boolean isNamed(String method, Collection<String> faults) {
    return faults.stream().anyMatch(it -> it.contains("FaultyService." + method));
  }

  private static void exercise(ServerProvider provider, Optional<Transport> transport)
      throws IOException, InterruptedException {
    collect();
    LEAKS.clear();
    BLOCKS.clear();
    new StressWorkload(provider, transport).run();
    collect();
  }

  /**
   * A leak is seen when its buffer has been collected and another one is allotted. One more is
   * leaked here, last of all; and, since those that are collected together come in any order, yet
   * another when that one has been seen: when it has been seen, so have all.
   */
  private static void collect() throws InterruptedException {
    awaitCanary();
    awaitCanary();
  }

  private static void awaitCanary() throws InterruptedException {
    String canary = CANARY + System.nanoTime();
    loseOne(canary);
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!LEAKS.removeIf(leak -> leak.contains(canary))) {
      assertTrue(System.nanoTime() < deadline, "the leak detector sees nothing");
      System.gc();
      Thread.sleep(BETWEEN_LOOKS);
      PooledByteBufAllocator.DEFAULT.buffer().release();
    }
  }

  private static void loseOne(String canary) {
    PooledByteBufAllocator.DEFAULT.buffer().touch(canary);
  }

  private static String trace() {
    StringBuilder trace = new StringBuilder(" in ").append(Thread.currentThread().getName());
    StackWalker.getInstance()
        .forEach(frame -> trace.append(System.lineSeparator()).append("  ").append(frame));
    return trace.toString();
  }

  /** A model whose sessions do something that they must not, on the event loop. */
  private record Faulty(ServerProvider provider) implements ServerProvider {

    @Override
    public ModelCard card() {
      return provider.card();
    }

    @Override
    public Set<Capability> capabilities(ServerConfig config) {
      return provider.capabilities(config);
    }

    @Override
    public Map<Transport, Availability> transports() {
      return provider.transports();
    }

    @Override
    public Server start(ServerConfig config, Service service) throws IOException {
      return provider.start(config, new FaultyService(service));
    }
  }

  private record FaultyService(Service service) implements Service {

    @Override
    public String name() {
      return service.name();
    }

    @Override
    public Session open() {
      leak();
      block();
      return service.open();
    }

    @Override
    public Optional<Responder> datagrams() {
      return service.datagrams();
    }

    private static void leak() {
      ByteBuf lost = PooledByteBufAllocator.DEFAULT.buffer();
      lost.writeByte(0).touch("lost at " + System.nanoTime()); // like leaks are told of once
    }

    private static void block() {
      try {
        Thread.sleep(1);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
