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
    return "A selector picks the platform's best mechanism.";
  }

  @Override
  public String words() {
    return ("nio-selector with the JDK's default provider and with its provider for poll (%s), in"
            + " turns: 50 busy connections, without idle ones and with %,d.")
        .formatted(ON_POLL.getFirst(), SILENT);
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    String selector;
    try (Selector opened = Selector.open()) {
      selector =
          "%s (%s)"
              .formatted(
                  opened.getClass().getSimpleName(), opened.provider().getClass().getSimpleName());
    }
    InterleavedResults alone;
    InterleavedResults withIdle;
    List<IdleClientsProcess> idle = new ArrayList<>();
    try (Servers servers = laboratory.servers().get()) {
      Map<String, ServerUnderTest> both = new LinkedHashMap<>();
      both.put(CHOSEN, servers.start(CHOSEN, List.of()));
      both.put(OTHER, servers.start(CHOSEN, ON_POLL));
      alone = laboratory.measure(both, Scenario.PING_50);
      for (ServerUnderTest each : both.values()) {
        laboratory.doing().accept("%s: %,d idle clients".formatted(id(), SILENT));
        IdleClientsProcess idleClients = IdleClientsProcess.start(each.address());
        idle.add(idleClients);
        idleClients.growTo(SILENT);
      }
      withIdle = laboratory.measure(both, Scenario.PING_50);
    } finally {
      idle.forEach(IdleClientsProcess::close);
    }
    String words =
        ("It has picked %s. With poll instead, a message costs %s times as much with 50 busy"
                + " connections, and %s times as much with %,d idle ones in addition. (According to"
                + " the JDK's sources, it picks kqueue on macOS and wepoll on Windows; it uses"
                + " io_uring nowhere.)")
            .formatted(
                selector,
                alone.times(OTHER, CHOSEN, InterleavedResults.CPU),
                withIdle.times(OTHER, CHOSEN, InterleavedResults.CPU),
                SILENT);
    return new Finding(
        verdict(
            Order.of(alone.ratios(OTHER, CHOSEN, InterleavedResults.CPU)),
            Order.of(withIdle.ratios(OTHER, CHOSEN, InterleavedResults.CPU))),
        words,
        List.of(
            alone.bars(
                "Processor time per message, 50 busy connections",
                "µs per message",
                InterleavedResults.CPU),
            withIdle.bars(
                "Processor time per message, with %,d idle connections in addition"
                    .formatted(SILENT),
                "µs per message",
                InterleavedResults.CPU)));
  }

  /** Judges the cost of poll, compared with the chosen call, without and with silent clients. */
  static Verdict verdict(Order alone, Order withIdle) {
    return switch (withIdle) {
      case MORE -> alone == Order.LESS ? Verdict.HOLDS_WHEN : Verdict.HOLDS;
      case ALIKE -> Verdict.UNDECIDED;
      case LESS -> Verdict.DOES_NOT_HOLD;
    };
  }
}
