package iomodels.lab.bench;

import iomodels.lab.load.ClientCrowd;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.ServerResult.IdlePoint;
import iomodels.lab.tools.Jcmd;
import iomodels.meter.CostMeter;
import iomodels.process.JavaOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Measures the memory of connections, with several numbers of clients that need little else. The
 * cost of one connection is the difference between two measurements, divided by the difference in
 * clients: the server's own memory cancels out.
 *
 * <p>Garbage in a JVM would make connections look expensive, and a heap that has grown before would
 * make them look free. Therefore the heap gets all its pages at the start ({@link #JVM_FLAGS}), and
 * the memory is the sum of two parts. The growth of the process ({@link
 * CostMeter#proportionalBytes}) is then outside the heap: stacks, direct buffers, metadata. The
 * growth of the live objects is inside the heap: {@code jcmd PID GC.class_histogram} counts them
 * after a full collection. A server in C has the first part only.
 */
public final class IdleMemory {

  /**
   * Flags that a measured JVM needs. Without them the heap would be counted twice or not at all,
   * and some 20 MB of the second JIT compiler, which it allocates at any time, would be counted as
   * well.
   */
  public static final List<String> JVM_FLAGS =
      Stream.concat(
              Stream.of("-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1"),
              JavaOptions.serialCollector().stream())
          .toList();

  /** Numbers of clients, as shares of the largest. The first includes the server's own memory. */
  private static final List<Double> SHARES = List.of(0.1, 0.25, 0.5, 1.0);

  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

  private IdleMemory() {}

  /**
   * Measures one server, which must have no other clients.
   *
   * @param clients none yet; the caller closes them
   * @param size the largest number of clients, at least 10
   * @param progress called for each connection
   * @return growth of the memory, from no connection to the largest number
   */
  public static List<IdlePoint> of(
      ServerUnderTest server, ClientCrowd clients, int size, Runnable progress)
      throws IOException, LoadException, InterruptedException {
    CostMeter meter = server.meter();
    List<IdlePoint> points = new ArrayList<>();
    points.add(new IdlePoint(0, 0, 0));
    long heap = server.java() ? liveBytes(server.process()) : 0;
    long process = meter.proportionalBytes();
    for (double share : SHARES) {
      int many = (int) Math.round(share * size);
      clients.growTo(many, progress);
      long heapBytes = server.java() ? liveBytes(server.process()) - heap : 0;
      points.add(new IdlePoint(many, meter.proportionalBytes() - process, heapBytes));
    }
    return points;
  }

  /** Bytes per connection, without the server's own memory. */
  public static double bytesForEach(List<IdlePoint> points) {
    IdlePoint few = points.get(1);
    IdlePoint many = points.getLast();
    double bytes = many.processBytes() + many.heapBytes() - few.processBytes() - few.heapBytes();
    return bytes / (many.connections() - few.connections());
  }

  /** Live bytes in the heap of a JVM, after the full collection that counting them causes. */
  private static long liveBytes(ProcessHandle process) throws IOException, InterruptedException {
    Matcher total = TOTAL.matcher(Jcmd.ask(process, "GC.class_histogram"));
    return total
        .results()
        .map((MatchResult it) -> Long.parseLong(it.group(1)))
        .findFirst()
        .orElseThrow(() -> new IOException("jcmd does not report the live bytes of the heap"));
  }
}
