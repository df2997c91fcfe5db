package iomodels.conformance;

import static java.util.stream.Collectors.toCollection;

import iomodels.conformance.Rule.Need;
import iomodels.conformance.targets.Loopback;
import iomodels.conformance.targets.Target;
import iomodels.meter.CostMeter;
import iomodels.server.Notification;
import iomodels.server.spi.Capability;
import iomodels.service.Services;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;

/**
 * A server that most rules share. Rules that look at a process, or start and stop one, launch
 * servers of their own.
 *
 * @param unmet the needs that are not met, and why, in words for the user
 * @param shared permits for the server that rules share: several if it serves several clients
 * @param launched permits for servers that are launched
 */
record ServerExamination(
    Target server,
    Map<Need, String> unmet,
    Semaphore shared,
    Semaphore launched,
    List<String> notes)
    implements Examination {

  private static final int SIDE_BY_SIDE = 4;
  private static final int LAUNCHED_SIDE_BY_SIDE = 3;

  static ServerExamination of(Target server, List<Rule> rules, Bounds bounds, long seed)
      throws IOException, InterruptedException {
    server.shared(
        rules.stream()
            .map(Rule::service)
            .filter(server::serves)
            .findFirst()
            .orElse(Services.UPPER));
    List<String> notes = new ArrayList<>();
    Set<Capability> capabilities = capabilities(server, bounds, seed, notes);
    boolean several =
        capabilities.contains(Capability.CONCURRENT) && server.maxConnections().isEmpty();
    return new ServerExamination(
        server,
        unmet(server, capabilities, bounds),
        new Semaphore(several ? SIDE_BY_SIDE : 1),
        new Semaphore(LAUNCHED_SIDE_BY_SIDE),
        List.copyOf(notes));
  }

  @Override
  public String reasonToSkip(Rule rule) {
    if (!server.serves(rule.service())) {
      return "the target does not serve " + rule.service().name();
    }
    return rule.needs().stream()
        .sorted()
        .filter(unmet::containsKey)
        .findFirst()
        .map(unmet::get)
        .orElse("");
  }

  @Override
  public Semaphore permits(Rule rule) {
    boolean launches = rule.needs().contains(Need.LIFE) || rule.needs().contains(Need.PROCESS);
    return launches ? launched : shared;
  }

  @Override
  public Trial trial(Rule rule, Bounds bounds, long seed) {
    return new Trial(server, rule.service(), bounds, seed);
  }

  /** The control server cannot be started and stopped. */
  @Override
  public boolean hasControl(Rule rule) {
    return !rule.needs().contains(Need.LIFE);
  }

  /** Returns what is claimed or, where nothing is claimed, what a probe finds. */
  private static Set<Capability> capabilities(
      Target server, Bounds bounds, long seed, List<String> notes)
      throws IOException, InterruptedException {
    Set<Capability> found =
        Probe.capabilities(server, bounds, server.claims().orElse(Set.of()), seed);
    if (server.claims().isEmpty()) {
      notes.add("nothing is claimed; found: " + found);
      return found;
    }
    Set<Capability> claims = server.claims().get();
    found.stream()
        .filter(capability -> !claims.contains(capability))
        .map(capability -> "does not claim " + capability + ", but seems to be capable of it")
        .forEach(notes::add);
    return claims.stream().collect(toCollection(() -> EnumSet.noneOf(Capability.class)));
  }

  private static Map<Need, String> unmet(
      Target server, Set<Capability> capabilities, Bounds bounds) {
    Map<Need, Boolean> met = new EnumMap<>(Need.class);
    boolean concurrent = capabilities.contains(Capability.CONCURRENT);
    met.put(Need.CONCURRENT, concurrent);
    met.put(Need.SEQUENTIAL, !concurrent);
    met.put(Need.HALF_CLOSE, capabilities.contains(Capability.HALF_CLOSE));
    met.put(Need.DATAGRAMS, capabilities.contains(Capability.DATAGRAMS));
    met.put(Need.REPLY_SOURCE, capabilities.contains(Capability.REPLY_SOURCE));
    met.put(Need.HOST, server.launchesOnAnyHost());
    met.put(Need.IPV6, Loopback.hasIpv6());
    met.put(Need.LIFE, server.launchable());
    met.put(Need.PROCESS, server.launchesProcesses());
    met.put(Need.LIMIT, server.launchesProcesses());
    met.put(Need.DECLARED, server.card().isPresent());
    boolean poller =
        server.card().filter(it -> it.notification() == Notification.POLLING).isPresent();
    met.put(Need.TOLD, !poller);
    met.put(Need.POLLER, poller);
    Map<Need, String> unmet = new EnumMap<>(Need.class);
    met.forEach(
        (need, isMet) -> {
          if (!isMet) {
            unmet.put(need, need.otherwise());
          }
        });
    if (CostMeter.of(ProcessHandle.current()).isEmpty()) {
      unmet.putIfAbsent(Need.PROCESS, Need.NO_PROC);
    }
    int limit = bounds.count(Bound.DESCRIPTOR_LIMIT);
    if (server.maxConnections().orElse(limit) < limit) {
      unmet.put(
          Need.LIMIT,
          "it serves %d clients, who cannot take %d descriptors"
              .formatted(server.maxConnections().getAsInt(), limit));
    }
    return unmet;
  }
}
