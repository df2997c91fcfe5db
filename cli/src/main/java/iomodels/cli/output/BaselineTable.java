package iomodels.cli.output;

import iomodels.lab.report.Baseline;
import iomodels.lab.report.Baseline.Change;
import iomodels.lab.report.Baseline.Compared;
import iomodels.lab.report.Machine;
import iomodels.lab.report.Measurements;
import java.io.PrintWriter;
import java.util.List;

/** The table that compares a run of {@code bench} with an earlier one. */
public final class BaselineTable {

  private BaselineTable() {}

  /** Prints the table; returns whether a server costs more than before. */
  public static boolean print(Measurements before, Measurements now, PrintWriter out) {
    List<Compared> compared = Baseline.compare(before, now.scenarios());
    out.printf(
        "%nCompared with %s of %s, with Java %s on %s: CPU/MSG as a multiple of C.%n%n",
        before.machine().command(),
        before.machine().time(),
        before.machine().java(),
        before.machine().processor());
    if (!isAlike(before.machine(), now.machine())) {
      out.printf(
          "The earlier run was on another machine, or on this machine in another state (%s; now"
              + " %s): changes may be due to that.%n%n",
          words(before.machine()), words(now.machine()));
    }
    if (compared.isEmpty()) {
      out.println("The two runs have no server and scenario in common.");
      return false;
    }
    Table.print(
        out,
        List.of("SCENARIO", "SERVER", "THEN", "NOW", "CHANGE"),
        compared.stream().map(BaselineTable::cells).toList());
    return compared.stream().anyMatch(it -> it.change() == Change.REGRESSION);
  }

  private static boolean isAlike(Machine one, Machine other) {
    return words(one).equals(words(other));
  }

  private static String words(Machine machine) {
    return "%d × %s, %s, Java %s, %s"
        .formatted(
            machine.processors(),
            machine.processor(),
            machine.system(),
            machine.java(),
            machine.pinning());
  }

  private static List<String> cells(Compared compared) {
    return List.of(
        compared.scenario(),
        compared.server(),
        BenchTable.spread(compared.before()),
        BenchTable.spread(compared.now()),
        switch (compared.change()) {
          case IMPROVEMENT -> "@|green costs less|@";
          case REGRESSION -> "@|bold,red costs more|@";
          case NO_DIFFERENCE -> "no difference beyond the noise";
        });
  }
}
