package iomodels.wrong.ladder;

import static iomodels.server.spi.Capability.CONCURRENT;
import static iomodels.server.spi.Capability.DATAGRAMS;
import static iomodels.server.spi.Capability.HALF_CLOSE;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;

import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The stages, in their order. */
public final class Ladder {

  /** Nothing is claimed: the kit probes what the server is capable of. */
  private static final Set<Capability> NOTHING = Set.of();

  private static final Set<Capability> SEVERAL_CLIENTS = Set.of(CONCURRENT, HALF_CLOSE);

  private static final List<Stage> STAGES =
      List.of(
          server(
              1,
              "echo",
              List.of(UPPER),
              NOTHING,
              List.of("1.01", "1.02", "1.03", "1.04", "1.05"),
              "utf-8-round-trip",
              Pages.MODELS.in("converse")),
          server(
              2,
              "partial-writes",
              List.of(UPPER),
              NOTHING,
              List.of("2.05", "2.06"),
              "partial-write-dropped",
              Pages.MODELS.in("converse")),
          server(
              3,
              "stream",
              List.of(LINES),
              NOTHING,
              List.of("2.01", "2.02", "3.01", "3.02", "3.03"),
              "answers-by-the-word",
              Pages.MODELS.in("converse")),
          server(
              4,
              "silent-client",
              List.of(UPPER),
              SEVERAL_CLIENTS,
              List.of("2.07", "6.01"),
              "awaits-the-first-request",
              Pages.MODELS.in("wait", "wait", "wait", "accept", "accept")),
          server(
              5,
              "half-close",
              List.of(UPPER, LINES),
              SEVERAL_CLIENTS,
              List.of("3.04", "4.01", "4.02", "4.05", "4.06", "4.09"),
              "answers-nothing-after-fin",
              Pages.MODELS.in("close")),
          server(
              6,
              "slow-readers",
              List.of(UPPER, FLOOD),
              SEVERAL_CLIENTS,
              List.of("3.06", "5.01", "5.02", "5.03", "5.04"),
              "reads-on-and-on",
              Pages.MODELS.in("converse")),
          server(
              7,
              "thousand-clients",
              List.of(UPPER, LINES),
              SEVERAL_CLIENTS,
              List.of("6.02", "6.03", "6.06", "6.07"),
              "five-hundred-at-once",
              Pages.MODELS.in("accept")),
          server(
              8,
              "descriptors",
              List.of(UPPER),
              SEVERAL_CLIENTS,
              List.of("8.01", "8.04", "8.06"),
              "accepts-in-a-busy-loop",
              Pages.MODELS.in("accept", "wait", "accept", "accept", "accept")),
          server(
              9,
              "stop",
              List.of(UPPER, FLOOD),
              SEVERAL_CLIENTS,
              List.of("9.02", "9.03", "9.04", "9.05", "9.06", "9.07"),
              "cuts-off-at-once",
              Pages.MODELS.in("close")),
          server(
              10,
              "datagrams",
              List.of(UPPER),
              Set.of(CONCURRENT, HALF_CLOSE, DATAGRAMS),
              List.of("7.01", "7.02", "7.03", "7.04", "7.05", "7.08"),
              "truncates-at-16-kib",
              Pages.DATAGRAMS.in("datagrams")),
          program(
              11,
              Programs.RELAY,
              List.of(
                  "11.01", "11.02", "11.03", "11.04", "11.05", "11.06", "11.07", "11.08", "11.09",
                  "11.10", "11.11", "11.12", "11.18"),
              "relay-keeps-the-fin",
              Pages.RELAYS.in("relay")),
          program(
              12,
              Programs.HTTP,
              List.of(
                  "15.01", "15.06", "15.13", "15.19", "15.23", "15.24", "15.25", "15.26", "15.27",
                  "15.28", "15.29", "15.32", "15.35", "15.37", "15.39", "15.41"),
              "http-takes-a-read-for-a-request",
              Pages.HTTP.in("converse", "converse", "upload", "upload", "upload")));

  private Ladder() {}

  /** Returns all stages, in their order. */
  public static List<Stage> stages() {
    return STAGES;
  }

  /** Returns the stage with this number or name, if there is one. */
  public static Optional<Stage> named(String numberOrName) {
    return STAGES.stream()
        .filter(
            it ->
                it.name().equals(numberOrName) || String.valueOf(it.number()).equals(numberOrName))
        .findFirst();
  }

  private static Stage server(
      int number,
      String name,
      List<Service> services,
      Set<Capability> claims,
      List<String> rules,
      String wrong,
      List<Passage> passages) {
    return new Stage(number, name, Optional.empty(), services, claims, rules, wrong, passages);
  }

  private static Stage program(
      int number, Program program, List<String> rules, String wrong, List<Passage> passages) {
    return new Stage(
        number, program.name(), Optional.of(program), List.of(), NOTHING, rules, wrong, passages);
  }
}
