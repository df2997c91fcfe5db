package iomodels.lab;

import iomodels.meter.CostMeter;
import java.io.IOException;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one more idle connection costs in memory: the difference between a small crowd and a large
 * one, divided by their difference in number, so that what a server needs for itself drops out.
 *
 * <p>A JVM that holds garbage looks as if its connections were dear, and one whose heap has grown
 * already looks as if they were free. So its heap is given all its pages at the start ({@link
 * #JVM_FLAGS}), and then there are two parts, which add up. What the process grows by ({@link
 * CostMeter#proportionalBytes}) is then outside the heap: stacks, direct buffers, metadata. What
 * its live objects grow by is inside: counted after a full collection, by {@code jcmd PID
 * GC.class_histogram}, which makes that collection. For a server in C the first part is all.
 *
 * @param processBytes per connection, outside a heap
 * @param heapBytes per connection, inside it; 0 where there is none
 */
public record IdleMemory(double processBytes, double heapBytes) {

  /**
   * What a JVM has to be started with, or its heap would be counted twice, or not at all; and with
   * it what the second compiler keeps when it has done its work, some 20 MB, which it happens to do
   * between the two crowds.
   */
  public static final List<String> JVM_FLAGS =
      List.of(
          "-Xms1g", "-Xmx1g", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1");

  /** The small crowd is one in so many of the large one. */
  private static final int SMALL = 10;

  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

  /** Both together. */
  public double bytes() {
    return processBytes + heapBytes;
  }

  /**
   * Measures one server, which must not be serving anybody else.
   *
   * @param size of the large crowd, at least 10
   * @param java whether its process is a JVM
   * @param progress told of each connection
   */
  public static IdleMemory of(Contestant server, int size, boolean java, Runnable progress)
      throws IOException, LoadException, InterruptedException {
    CostMeter meter = CostMeter.of(server.process()).orElseThrow();
    int small = size / SMALL;
    try (Crowd crowd = new Crowd(server.address())) {
      crowd.growTo(small, progress);
      long heap = java ? liveBytes(server.process()) : 0;
      long process = meter.proportionalBytes();
      crowd.growTo(size, progress);
      double many = size - small;
      double heapBytes = java ? (liveBytes(server.process()) - heap) / many : 0;
      return new IdleMemory((meter.proportionalBytes() - process) / many, heapBytes);
    }
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
