package iomodels.lab.bench;

import iomodels.lab.Contestant;
import iomodels.lab.Crowd;
import iomodels.lab.Jcmd;
import iomodels.lab.LoadException;
import iomodels.lab.report.ServerResult.IdlePoint;
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
 * What idle connections cost in memory, by crowds of several sizes. What one more costs is the
 * difference between two of them, divided by their difference in number, so that what a server
 * needs for itself drops out.
 *
 * <p>A JVM that holds garbage looks as if its connections were dear, and one whose heap has grown
 * already looks as if they were free. So its heap is given all its pages at the start ({@link
 * #JVM_FLAGS}), and then there are two parts, which add up. What the process grows by ({@link
 * CostMeter#proportionalBytes}) is then outside the heap: stacks, direct buffers, metadata. What
 * its live objects grow by is inside: counted after a full collection, by {@code jcmd PID
 * GC.class_histogram}, which makes that collection. For a server in C the first part is all.
 */
public final class IdleMemory {

  /**
   * What a JVM has to be started with, or its heap would be counted twice, or not at all; and with
   * it what the second compiler keeps when it has done its work, some 20 MB, which it happens to do
   * between two crowds.
   */
  public static final List<String> JVM_FLAGS =
      Stream.concat(
              Stream.of("-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1"),
              JavaOptions.serialCollector().stream())
          .toList();

  /** The crowds, as shares of the largest. The first one brings what a server needs for itself. */
  private static final List<Double> SHARES = List.of(0.1, 0.25, 0.5, 1.0);

  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

  private IdleMemory() {}

  /**
   * Measures one server, which must not be serving anybody else.
   *
   * @param size of the largest crowd, at least 10
   * @param progress told of each connection
   * @return what it weighed, from no connection to the largest crowd, beside none
   */
  public static List<IdlePoint> of(Contestant server, int size, Runnable progress)
      throws IOException, LoadException, InterruptedException {
    CostMeter meter = server.meter();
    List<IdlePoint> points = new ArrayList<>();
    points.add(new IdlePoint(0, 0, 0));
    try (Crowd crowd = new Crowd(server.address())) {
      long heap = server.java() ? liveBytes(server.process()) : 0;
      long process = meter.proportionalBytes();
      for (double share : SHARES) {
        int many = (int) Math.round(share * size);
        crowd.growTo(many, progress);
        long heapBytes = server.java() ? liveBytes(server.process()) - heap : 0;
        points.add(new IdlePoint(many, meter.proportionalBytes() - process, heapBytes));
      }
    }
    return points;
  }

  /** What one more weighed, by the last of the crowds: what a server needs for itself drops out. */
  public static double bytesForEach(List<IdlePoint> points) {
    IdlePoint few = points.get(1);
    IdlePoint many = points.getLast();
    double bytes = many.processBytes() + many.heapBytes() - few.processBytes() - few.heapBytes();
    return bytes / (many.connections() - few.connections());
  }

  /** Live bytes in the heap of that JVM, after the full collection that counting them takes. */
  private static long liveBytes(ProcessHandle process) throws IOException, InterruptedException {
    Matcher total = TOTAL.matcher(Jcmd.ask(process, "GC.class_histogram"));
    return total
        .results()
        .map((MatchResult it) -> Long.parseLong(it.group(1)))
        .findFirst()
        .orElseThrow(() -> new IOException("jcmd does not tell the live bytes of the heap"));
  }
}
