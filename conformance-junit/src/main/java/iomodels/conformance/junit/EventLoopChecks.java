package iomodels.conformance.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
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
 * JUnit tests of models that use Netty. Under the {@link StressWorkload}, no buffer leaks (checked
 * by Netty's leak detector), and nothing blocks an event loop (checked by BlockHound). The servers
 * run in this JVM. A module calls it like {@link Conformance}. It needs BlockHound, and two flags
 * for the JVM of its tests: {@code -XX:+AllowRedefinitionToAddDeleteMethods}, and {@code
 * -Dio.netty.leakDetection.level=paranoid}, since Vert.x otherwise turns the detector off.
 */
public final class EventLoopChecks {

  private static final String CANARY = "canary";
  private static final Duration TIME_LIMIT = Duration.ofSeconds(30);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(20);

  /**
   * Methods in which a Netty event loop may block: short locks, a system file that is read once,
   * and work after the loop has ended, where Vert.x stops its other threads. Netty permits all but
   * the last itself, but BlockHound does not find its list on the module path.
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

  /** Silenced: the leak listener gets the reports. In a field, since loggers are held weakly. */
  private static final Logger LEAK_LOGGER = Logger.getLogger(ResourceLeakDetector.class.getName());

  static {
    LEAK_LOGGER.setUseParentHandlers(false);
    ByteBufUtil.setLeakListener((type, records) -> LEAKS.add(type + " leaked: " + records));
  }

  private EventLoopChecks() {}

  /**
   * Returns a test for each model on the module path, on its default transport, and a test that a
   * faulty variant of one model is detected. If the system property {@code iomodels.thorough} is
   * true: for each transport, and of each model.
   *
   * @param isLoop selects the event loops among Netty's threads
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
    List<ServerProvider> models = ServerProvider.installed();
    return Stream.concat(
        models.stream().flatMap(EventLoopChecks::checks),
        models.stream()
            .limit(Conformance.isThorough() ? models.size() : 1)
            .map(EventLoopChecks::detection));
  }

  private static Stream<DynamicNode> checks(ServerProvider provider) {
    List<Transport> here =
        provider.transports().entrySet().stream()
            .filter(each -> each.getValue().here())
            .map(Map.Entry::getKey)
            .toList();
    return here.stream()
        .limit(Conformance.isThorough() ? here.size() : 1)
        .map(
            transport ->
                dynamicTest(
                    "%s on %s leaks no buffer, and blocks no loop"
                        .formatted(provider.card().name(), transport),
                    () -> {
                      exercise(provider, Optional.of(transport));
                      assertEquals(List.of(), List.copyOf(BLOCKS));
                      assertEquals(List.of(), List.copyOf(LEAKS));
                    }));
  }

  private static DynamicNode detection(ServerProvider provider) {
    return dynamicTest(
        provider.card().name() + " would have been caught",
        () -> {
          exercise(new Faulty(provider), Optional.empty());
          assertTrue(isNamed("leak", LEAKS), LEAKS::toString);
          assertTrue(isNamed("block", BLOCKS), BLOCKS::toString);
        });
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
   * Waits until all leaks have been reported. The detector reports a leak when the buffer has been
   * collected and another one is allocated. This method leaks a buffer of its own and waits for the
   * report. Buffers that are collected together are reported in any order, so it does this twice.
   */
  private static void collect() throws InterruptedException {
    awaitCanary();
    awaitCanary();
  }

  private static void awaitCanary() throws InterruptedException {
    String canary = CANARY + System.nanoTime();
    leakBuffer(canary);
    long deadline = System.nanoTime() + TIME_LIMIT.toNanos();
    while (!LEAKS.removeIf(leak -> leak.contains(canary))) {
      assertTrue(
          System.nanoTime() < deadline, "the leak detector does not report the leaked buffer");
      System.gc();
      Thread.sleep(POLL_INTERVAL);
      PooledByteBufAllocator.DEFAULT.buffer().release();
    }
  }

  private static void leakBuffer(String canary) {
    PooledByteBufAllocator.DEFAULT.buffer().touch(canary);
  }

  private static String trace() {
    StringBuilder trace = new StringBuilder(" in ").append(Thread.currentThread().getName());
    StackWalker.getInstance()
        .forEach(frame -> trace.append(System.lineSeparator()).append("  ").append(frame));
    return trace.toString();
  }

  /** A model whose sessions leak a buffer and block the event loop. */
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
      lost.writeByte(0).touch("lost at " + System.nanoTime()); // equal leaks are reported only once
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
