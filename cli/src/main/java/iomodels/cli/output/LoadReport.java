package iomodels.cli.output;

import iomodels.conformance.targets.HostAndPort;
import iomodels.lab.load.Load;
import iomodels.lab.load.LoadResult;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * The results of a load; their JSON has these names.
 *
 * @param latencyMicros latency by percentile, such as {@code p99.9}
 * @param uncorrectedMicros in an open loop, latency from the time at which a message was really
 *     sent
 * @param loaderBusy share of the time that the load generator's thread was on a processor
 * @param loaderLag99Micros 99th percentile of the load generator's delay in an open loop
 * @param loaderIsTheLimit whether the load generator may have limited the figures
 */
public record LoadReport(
    String server,
    Load.Shape shape,
    String service,
    int connections,
    int inFlight,
    int rate,
    double seconds,
    long messages,
    double messagesPerSecond,
    long lost,
    Map<String, Double> latencyMicros,
    Optional<Map<String, Double>> uncorrectedMicros,
    double leastServedShare,
    double mostServedShare,
    double loaderBusy,
    double loaderLag99Micros,
    boolean loaderIsTheLimit) {

  private static final double SATURATED = 0.95;
  private static final List<Double> PERCENTILES = List.of(50.0, 90.0, 99.0, 99.9, 99.99);

  /** The report of a load. */
  public static LoadReport of(Load load, String service, LoadResult result) {
    boolean open = load.rate() > 0;
    boolean limit =
        open ? result.lag99().compareTo(result.latency().p50()) > 0 : result.busy() > SATURATED;
    return new LoadReport(
        HostAndPort.numeric(load.server()),
        load.shape(),
        service,
        load.connections(),
        load.inFlight(),
        load.rate(),
        result.duration().toNanos() / 1e9,
        result.messages(),
        result.messagesPerSecond(),
        result.lost(),
        micros(result.histogram()),
        result.uncorrected().map(LoadReport::micros),
        result.leastServedShare(),
        result.mostServedShare(),
        result.busy(),
        result.lag99().toNanos() / 1e3,
        limit);
  }

  private static Map<String, Double> micros(Histogram nanos) {
    Map<String, Double> micros = new LinkedHashMap<>();
    PERCENTILES.forEach(
        it ->
            micros.put(
                "p" + (it == Math.rint(it) ? String.valueOf(it.intValue()) : it.toString()),
                nanos.getValueAtPercentile(it) / 1e3));
    micros.put("max", nanos.getMaxValue() / 1e3);
    return micros;
  }

  /** Prints the report. */
  public void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%s, %s %s: %,d %s, %,d in flight on each, %s%n%n",
        server,
        service,
        shape == Load.Shape.DATAGRAMS ? "over UDP" : "over TCP",
        connections,
        shape == Load.Shape.DATAGRAMS ? "sockets" : "connections",
        inFlight,
        rate > 0 ? "%,d a second".formatted(rate) : "each when one is answered");
    out.printf(
        Locale.ROOT,
        "%,.0f messages per second (%,d in %.1f s), each byte of each reply verified%s%n%n",
        messagesPerSecond,
        messages,
        seconds,
        lost == 0 ? "" : ", %,d lost".formatted(lost));
    List<List<String>> rows = new ArrayList<>();
    rows.add(row(uncorrectedMicros.isPresent() ? "from when it was due" : "", latencyMicros));
    uncorrectedMicros.ifPresent(it -> rows.add(row("from when it was sent", it)));
    List<String> titles = new ArrayList<>(List.of("LATENCY µs"));
    titles.addAll(latencyMicros.keySet());
    Table.print(out, titles, rows);
    out.printf(
        Locale.ROOT,
        "%nFairness: the least served client got %.2f times the mean, the most served one %.2f"
            + " times.%n",
        leastServedShare,
        mostServedShare);
    out.println(loader());
    out.flush();
  }

  private String loader() {
    if (rate > 0) {
      return String.format(
          Locale.ROOT,
          loaderIsTheLimit
              ? "The load generator was late by %.0f µs (p99), more than the median: the latencies"
                  + " are its own."
              : "The load generator was late by %.0f µs at most for 99 of 100 messages.",
          loaderLag99Micros);
    }
    return String.format(
        Locale.ROOT,
        loaderIsTheLimit
            ? "The load generator's thread was busy for %.0f %% of the time: it, and not the"
                + " server, may be the limit."
            : "The load generator's thread was busy for %.0f %% of the time: it was not the"
                + " limit.",
        100 * loaderBusy);
  }

  private static List<String> row(String name, Map<String, Double> micros) {
    List<String> row = new ArrayList<>(List.of(name));
    micros.values().forEach(it -> row.add(String.format(Locale.ROOT, "%,.0f", it)));
    return row;
  }
}
