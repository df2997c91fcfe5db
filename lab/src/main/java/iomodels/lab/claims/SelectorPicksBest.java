package iomodels.lab.claims;

import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.Servers;
import iomodels.lab.load.IdleClientsProcess;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Compares the system call below Java's selector with an alternative. */
final class SelectorPicksBest implements Experiment {

  private static final String CHOSEN = "nio-selector";
  private static final String OTHER = "nio-selector on poll";
  private static final List<String> ON_POLL =
      List.of("-Djava.nio.channels.spi.SelectorProvider=sun.nio.ch.PollSelectorProvider");
  private static final int SILENT = 5_000;

  @Override
  public String id() {
    return "selector-picks-best";
  }

  @Override
  public String claim() {
    return "The selector picks the platform's best.";
  }

  @Override
  public String words() {
    return "nio-selector as it is, and on the JDK's own provider for poll (%s), in turns: 50 that talk, with"
            .formatted(ON_POLL.getFirst())
        + " nobody else, and beside %,d that are silent.".formatted(SILENT);
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    String selector;
    try (Selector opened = Selector.open()) {
      selector =
          "%s, of %s"
              .formatted(
                  opened.getClass().getSimpleName(), opened.provider().getClass().getSimpleName());
    }
    InterleavedResults alone;
    InterleavedResults crowded;
    List<IdleClientsProcess> idle = new ArrayList<>();
    try (Servers servers = laboratory.servers().get()) {
      Map<String, ServerUnderTest> both = new LinkedHashMap<>();
      both.put(CHOSEN, servers.start(CHOSEN, List.of()));
      both.put(OTHER, servers.start(CHOSEN, ON_POLL));
      alone = laboratory.measure(both, Scenario.PING_50);
      for (ServerUnderTest each : both.values()) {
        laboratory.doing().accept("%s: %,d silent".formatted(id(), SILENT));
        IdleClientsProcess idleClients = IdleClientsProcess.start(each.address());
        idle.add(idleClients);
        idleClients.growTo(SILENT);
      }
      crowded = laboratory.measure(both, Scenario.PING_50);
    } finally {
      idle.forEach(IdleClientsProcess::close);
    }
    String words =
        ("It has picked %s. Made to use poll instead, a message costs %s times as much with 50 busy"
             + " connections, and %s times with %,d silent ones beside them. (Elsewhere it is"
             + " kqueue on macOS and wepoll on Windows, by the JDK's sources; io_uring it does not"
             + " use anywhere.)")
            .formatted(
                selector,
                alone.times(OTHER, CHOSEN, InterleavedResults.CPU),
                crowded.times(OTHER, CHOSEN, InterleavedResults.CPU),
                SILENT);
    return new Finding(
        verdict(
            Order.of(alone.ratios(OTHER, CHOSEN, InterleavedResults.CPU)),
            Order.of(crowded.ratios(OTHER, CHOSEN, InterleavedResults.CPU))),
        words,
        List.of(
            alone.bars(
                "Processor time per message, 50 that talk",
                "µs per message",
                InterleavedResults.CPU),
            crowded.bars(
                "Processor time per message, beside %,d that are silent".formatted(SILENT),
                "µs per message",
                InterleavedResults.CPU)));
  }

  /** Judges the cost of poll, compared with the chosen call, without and with silent clients. */
  static Verdict verdict(Order alone, Order crowded) {
    return switch (crowded) {
      case MORE -> alone == Order.LESS ? Verdict.HOLDS_WHEN : Verdict.HOLDS;
      case ALIKE -> Verdict.UNDECIDED;
      case LESS -> Verdict.DOES_NOT_HOLD;
    };
  }
}
