package iomodels.conformance;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.targets.Loopback;
import iomodels.conformance.targets.Target;
import iomodels.meter.CostMeter;
import iomodels.server.Notification;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;

/**
 * A server that most rules share. Rules that observe a process, or start and stop one, launch
 * servers of their own.
 *
 * @param capabilities the capabilities that are demanded: claimed or found, and not waived
 * @param unmet the preconditions that are not met, with the reason for the user
 * @param shared permits for the shared server: several if it serves several clients
 * @param launched permits for servers that are launched
 * @param occupied permits for servers that a test may occupy for long
 */
record ServerExamination(
    Target server,
    Set<Capability> capabilities,
    Map<Precondition, String> unmet,
    Semaphore shared,
    Semaphore launched,
    Semaphore occupied,
    List<String> notes)
    implements Examination {

  /** Why the rules on datagrams are skipped if nothing is claimed. */
  private static final String NO_DATAGRAM = "nothing answered the probe by UDP";

  private static final int PARALLEL = 4;
  private static final int LAUNCHED_PARALLEL = 3;
  private static final int OCCUPIED_PARALLEL = 3;

  static ServerExamination of(
      Target server, List<Rule> rules, Bounds bounds, long seed, Set<Precondition> waived)
      throws IOException, InterruptedException {
    server.shared(
        rules.stream()
            .flatMap(rule -> rule.services().stream())
            .filter(server::serves)
            .findFirst()
            .orElse(Services.UPPER));
    List<String> notes = new ArrayList<>();
    Set<Capability> capabilities = capabilities(server, bounds, seed, waived, notes);
    capabilities.removeIf(it -> waived.contains(Precondition.valueOf(it.name())));
    boolean several =
        capabilities.contains(Capability.CONCURRENT) && server.maxConnections().isEmpty();
    Map<Precondition, String> unmet = unmet(server, capabilities, bounds);
    addWaived(waived, unmet);
    Semaphore shared = new Semaphore(several ? PARALLEL : 1);
    return new ServerExamination(
        server,
        Set.copyOf(capabilities),
        unmet,
        shared,
        new Semaphore(LAUNCHED_PARALLEL),
        several || server.launchable() ? new Semaphore(OCCUPIED_PARALLEL) : shared,
        List.copyOf(notes));
  }

  @Override
  public String reasonToSkip(Rule rule) {
    if (rule.services().stream().noneMatch(server::serves)) {
      return "the target does not serve "
          + rule.services().stream().map(Service::name).collect(joining(" or "));
    }
    return rule.preconditions().stream()
        .sorted()
        .filter(unmet::containsKey)
        .findFirst()
        .map(unmet::get)
        .orElse("");
  }

  @Override
  public Service service(Rule rule) {
    return rule.services().stream()
        .filter(server::serves)
        .findFirst()
        .orElseGet(rule.services()::getFirst);
  }

  @Override
  public Semaphore permits(Rule rule) {
    if (rule.scheduling() == Scheduling.WAITING) {
      return occupied;
    }
    boolean launches =
        rule.preconditions().contains(Precondition.LIFE)
            || rule.preconditions().contains(Precondition.PROCESS);
    return launches ? launched : shared;
  }

  @Override
  public TestContext context(Rule rule, Bounds bounds, long seed) {
    return new TestContext(server, service(rule), capabilities, bounds, seed);
  }

  /** The control server runs in the kit's process; rules cannot start, stop or observe it. */
  @Override
  public boolean hasControl(Rule rule) {
    return Collections.disjoint(
        rule.preconditions(),
        EnumSet.of(Precondition.LIFE, Precondition.PROCESS, Precondition.LIMIT));
  }

  /**
   * Returns the claimed capabilities or, without claims, those that a probe finds. HALF_CLOSE is
   * demanded of every server but the models, which declare whether they have it: a server that
   * loses data at the end of input must not be excused because it always does.
   */
  private static Set<Capability> capabilities(
      Target server, Bounds bounds, long seed, Set<Precondition> waived, List<String> notes)
      throws IOException, InterruptedException {
    Set<Capability> found =
        Probe.capabilities(server, bounds, server.claims().orElse(Set.of()), seed);
    Set<Capability> demanded = EnumSet.noneOf(Capability.class);
    if (server.claims().isEmpty()) {
      notes.add("nothing is claimed; found: " + found);
      demanded.addAll(found);
    } else {
      Set<Capability> claims = server.claims().get();
      found.stream()
          .filter(capability -> !claims.contains(capability))
          .map(capability -> "does not claim " + capability + ", but seems to be capable of it")
          .forEach(notes::add);
      demanded.addAll(claims);
    }
    if (server.card().isEmpty()) {
      demanded.add(Capability.HALF_CLOSE);
      if (!found.contains(Capability.HALF_CLOSE) && !waived.contains(Precondition.HALF_CLOSE)) {
        notes.add(
            "does not answer a request that FIN follows at once; to permit that, waive HALF_CLOSE");
      }
    }
    return demanded;
  }

  private static void addWaived(Set<Precondition> waived, Map<Precondition, String> unmet) {
    waived.forEach(it -> unmet.put(it, it.reasonIfWaived()));
    if (waived.contains(Precondition.CONCURRENT)) {
      // The server may still be concurrent.
      unmet.put(Precondition.SEQUENTIAL, Precondition.CONCURRENT.reasonIfWaived());
    }
  }

  private static Map<Precondition, String> unmet(
      Target server, Set<Capability> capabilities, Bounds bounds) {
    Map<Precondition, Boolean> met = new EnumMap<>(Precondition.class);
    boolean concurrent = capabilities.contains(Capability.CONCURRENT);
    met.put(Precondition.CONCURRENT, concurrent);
    met.put(Precondition.SEQUENTIAL, !concurrent);
    met.put(Precondition.HALF_CLOSE, capabilities.contains(Capability.HALF_CLOSE));
    met.put(Precondition.DATAGRAMS, capabilities.contains(Capability.DATAGRAMS));
    met.put(Precondition.REPLY_SOURCE, capabilities.contains(Capability.REPLY_SOURCE));
    met.put(Precondition.HOST, server.launchesOnAnyHost());
    met.put(Precondition.IPV6, Loopback.hasIpv6());
    met.put(Precondition.LIFE, server.launchable());
    met.put(Precondition.PROCESS, server.launchesProcesses());
    met.put(Precondition.LIMIT, server.launchesProcesses());
    met.put(Precondition.DECLARED, server.card().isPresent());
    boolean poller =
        server.card().filter(it -> it.notification() == Notification.POLLING).isPresent();
    met.put(Precondition.TOLD, !poller);
    met.put(Precondition.POLLER, poller);
    Map<Precondition, String> unmet = new EnumMap<>(Precondition.class);
    met.forEach(
        (precondition, isMet) -> {
          if (!isMet) {
            unmet.put(precondition, precondition.reasonToSkip());
          }
        });
    if (server.claims().isEmpty()) {
      unmet.computeIfPresent(Precondition.DATAGRAMS, (_, _) -> NO_DATAGRAM);
    }
    if (CostMeter.of(ProcessHandle.current()).isEmpty()) {
      unmet.putIfAbsent(Precondition.PROCESS, Precondition.NO_PROC);
    }
    int limit = bounds.count(Bound.DESCRIPTOR_LIMIT);
    if (server.maxConnections().orElse(limit) < limit) {
      unmet.put(
          Precondition.LIMIT,
          "it serves %d clients, which cannot take %d descriptors"
              .formatted(server.maxConnections().getAsInt(), limit));
    }
    return unmet;
  }
}
