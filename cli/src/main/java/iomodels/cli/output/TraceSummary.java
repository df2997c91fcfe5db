package iomodels.cli.output;

import iomodels.lab.trace.Call;
import iomodels.lab.trace.Call.Kind;
import iomodels.lab.trace.Trace;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Summary of a trace: how often and how long each thread waited and copied. */
public final class TraceSummary {

  private static final double MILLI = 1_000;

  private TraceSummary() {}

  /** Prints the summary of a server's trace. */
  public static void print(PrintWriter out, String server, Trace trace, Path file) {
    out.printf("%s, %.1f s: %s%n%n", server, trace.micros() / 1e6, file);
    List<List<String>> rows = trace.threads().stream().map(TraceSummary::row).toList();
    Table.print(
        out,
        List.of(
            "THREAD",
            "WAITS",
            "COPIES",
            "NOT READY",
            "PARKS",
            "WAITED ms",
            "COPIED ms",
            "WAITED IN"),
        rows);
    if (trace.threads().stream().anyMatch(TraceSummary::hasBursts)) {
      out.println("A burst of calls that is shown as one call counts by its purpose.");
    }
    if (!trace.complete()) {
      out.println("The trace was cut off: " + trace.note());
    } else if (!trace.note().isEmpty()) {
      out.println(trace.note());
    }
    out.println();
    out.flush();
  }

  private static boolean hasBursts(Trace.Track thread) {
    return thread.calls().stream()
        .anyMatch(it -> it.kind() == Kind.COPY && it.name().contains(", "));
  }

  private static List<String> row(Trace.Track thread) {
    List<String> row = new ArrayList<>(List.of(thread.name()));
    for (Kind kind : List.of(Kind.WAIT, Kind.COPY, Kind.ASK, Kind.PARK)) {
      row.add(
          String.valueOf(
              thread.calls().stream().filter(it -> it.kind() == kind).mapToInt(Call::times).sum()));
    }
    long waited =
        thread.calls().stream().filter(it -> it.kind() != Kind.PARK).mapToLong(Call::waited).sum();
    long copied =
        thread.calls().stream()
            .filter(it -> it.kind() == Kind.COPY)
            .mapToLong(it -> it.duration() - it.waited())
            .sum();
    row.add("%.1f".formatted(waited / MILLI));
    row.add("%.1f".formatted(copied / MILLI));
    row.add(
        thread.calls().stream()
            .filter(it -> it.waited() > 0 && it.kind() != Kind.PARK)
            .flatMap(it -> Stream.of(it.name().split(", ", -1)))
            .distinct()
            .collect(Collectors.joining(", ")));
    return row;
  }
}
