package iomodels.site;

import static java.util.Comparator.comparing;
import static java.util.Comparator.comparingLong;

import iomodels.lab.trace.SystemCalls;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * A recorded trace as a sequence of steps: an event of a client, or a call of the server. A call
 * that waits is two steps, since other things happen meanwhile.
 *
 * @param threads names of the server's threads
 * @param clients names of the clients
 * @param recorded for each client whether its buffers are recorded
 * @param steps in the order of time
 */
record Steps(List<String> threads, List<String> clients, List<Boolean> recorded, List<Step> steps) {

  /** A call that waits for less is one step if nothing else happens meanwhile, in microseconds. */
  private static final long WORTH_A_STEP = 1_000;

  /** The last step of every trace: the end of the record. */
  static final String END = "finish";

  /**
   * A step.
   *
   * @param at its time in microseconds
   * @param thread index of the thread, or −1 for an event of a client
   * @param client name of the client, or empty
   * @param what the event of the client, or the names of the calls
   * @param arguments of the call, abbreviated
   * @param result of the call, or the number of bytes of the event
   * @param times how many calls these are
   * @param phase {@code wait}, {@code return}, {@code copy}, {@code ask}, {@code park} or {@code
   *     other}; empty for an event of a client
   * @param region the region of the page in which the call is made, or {@link StepRegion#NONE}
   * @param states the state of each thread, a letter each: see {@link #state}
   * @param buffers for each client the bytes in its buffers, then the limits of these; 0 if they
   *     are not recorded
   */
  record Step(
      long at,
      int thread,
      String client,
      String what,
      String arguments,
      String result,
      int times,
      String phase,
      String region,
      String states,
      List<Long> buffers) {}

  static Steps of(JsonNode trace) {
    return new Derivation(trace).steps();
  }

  /**
   * Returns the steps in the form in which the stepper reads them: a list for each, and of the
   * buffers only what changes, as pairs of index and bytes.
   *
   * @param id the server
   */
  Map<String, Object> data(String id) {
    List<List<Object>> rows = new ArrayList<>();
    List<Long> before = Collections.nCopies(clients.size() * 2 * KernelBuffers.COUNT, 0L);
    for (Step step : steps) {
      List<Long> changes = new ArrayList<>();
      for (int i = 0; i < before.size(); i++) {
        if (!step.buffers().get(i).equals(before.get(i))) {
          changes.add((long) i);
          changes.add(step.buffers().get(i));
        }
      }
      before = step.buffers();
      rows.add(
          List.of(
              step.at(),
              step.thread(),
              step.client(),
              step.what(),
              step.arguments(),
              step.result(),
              step.times(),
              step.phase(),
              step.region(),
              step.states(),
              changes));
    }
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("id", id);
    data.put("threads", threads);
    data.put("clients", clients);
    data.put("recorded", recorded);
    data.put("steps", rows);
    return data;
  }

  /** Returns the state of a thread with these calls, in order, at a time. */
  static char state(List<TracedCall> calls, long at) {
    TracedCall last = null;
    for (TracedCall call : calls) {
      if (call.start() > at) {
        break;
      }
      last = call;
    }
    if (last == null) {
      return 'n'; // It has made no call yet.
    }
    boolean isOver = at >= last.end() && last.isFinished();
    if (isOver && last.equals(calls.getLast())) {
      return 'e'; // It makes no more calls.
    }
    if (isOver) {
      return 'r'; // It runs, or waits for a processor.
    }
    if (!last.isWaiting()) {
      return last.kind().charAt(0);
    }
    if (at < last.ready() || !last.isFinished()) {
      return 'w';
    }
    // A call that does nothing but wait is on its way back.
    return last.kind().equals("wait") ? 'r' : last.kind().charAt(0);
  }

  /** The derivation of the steps of one trace. */
  private static final class Derivation {

    private final JsonNode trace;
    private final List<String> threads = new ArrayList<>();
    private final List<List<TracedCall>> byThread = new ArrayList<>();
    private final List<TracedCall> calls = new ArrayList<>();
    private final Map<String, Optional<KernelBuffers>> buffers = new LinkedHashMap<>();
    private final List<Moment> moments = new ArrayList<>();
    private final Set<String> talking = new HashSet<>();

    /**
     * An event, or a phase of a call, before the states of threads and buffers are known.
     *
     * @param call empty for an event of a client
     */
    private record Moment(
        long at, String client, String what, long bytes, Optional<TracedCall> call, String phase) {

      /** A client's bytes are there before the server reads them. */
      boolean isCall() {
        return call.isPresent();
      }
    }

    Derivation(JsonNode trace) {
      this.trace = trace;
      for (JsonNode thread : trace.path("threads")) {
        int index = threads.size();
        threads.add(thread.path("name").asString(""));
        byThread.add(
            thread.path("calls").valueStream().map(it -> TracedCall.of(index, it)).toList());
      }
      byThread.forEach(calls::addAll);
      boolean complete = trace.path("complete").asBoolean(false);
      for (JsonNode client : trace.path("clients")) {
        String name = client.path("name").asString("");
        buffers.put(name, KernelBuffers.of(client, calls, complete));
        for (JsonNode event : client.path("events")) {
          moments.add(
              new Moment(
                  event.path(0).asLong(0),
                  name,
                  event.path(1).asString(""),
                  event.path(2).asLong(0),
                  Optional.empty(),
                  ""));
        }
      }
    }

    Steps steps() {
      NavigableSet<Long> busy = new TreeSet<>();
      moments.forEach(it -> busy.add(it.at()));
      calls.forEach(it -> busy.add(it.start()));
      calls.forEach(it -> addMoments(it, busy));
      moments.sort(comparingLong(Moment::at).thenComparing(comparing(Moment::isCall)));
      List<Step> steps = new ArrayList<>();
      moments.forEach(it -> steps.add(step(it)));
      steps.add(
          step(
              new Moment(
                  Math.max(trace.path("micros").asLong(0), end()),
                  "",
                  END,
                  0,
                  Optional.empty(),
                  "")));
      return new Steps(
          List.copyOf(threads),
          List.copyOf(buffers.keySet()),
          buffers.values().stream().map(Optional::isPresent).toList(),
          List.copyOf(steps));
    }

    private long end() {
      long last = moments.isEmpty() ? 0 : moments.getLast().at();
      return calls.stream().mapToLong(TracedCall::end).reduce(last, Math::max);
    }

    private void addMoments(TracedCall call, NavigableSet<Long> busy) {
      if (!call.isWaiting()) {
        moments.add(moment(call.start(), call, call.kind()));
        return;
      }
      Long next = busy.higher(call.start());
      boolean alone = next == null || next >= call.ready();
      if (call.waited() >= WORTH_A_STEP || !alone || !call.isFinished()) {
        moments.add(moment(call.start(), call, "wait"));
      }
      if (call.isFinished()) {
        moments.add(
            moment(call.ready(), call, call.kind().equals("wait") ? "return" : call.kind()));
      }
    }

    private static Moment moment(long at, TracedCall call, String phase) {
      return new Moment(
          at, call.client(), String.join(", ", call.names()), 0, Optional.of(call), phase);
    }

    private Step step(Moment moment) {
      buffers.getOrDefault(moment.client(), Optional.empty()).ifPresent(it -> apply(moment, it));
      String region =
          moment
              .call()
              .map(it -> StepRegion.of(it, moment.phase().equals("wait"), talking))
              .orElse(StepRegion.NONE);
      if (moment.phase().equals("copy")) {
        talking.add(moment.client());
      }
      StringBuilder states = new StringBuilder();
      byThread.forEach(it -> states.append(state(it, moment.at())));
      return new Step(
          moment.at(),
          moment.call().map(TracedCall::thread).orElse(-1),
          moment.client(),
          moment.what(),
          moment.call().map(it -> arguments(it, moment.phase())).orElse(""),
          moment.call().map(it -> result(it, moment.phase())).orElse("" + moment.bytes()),
          moment.call().map(TracedCall::times).orElse(1),
          moment.phase(),
          region,
          states.toString(),
          contents(moment.at()));
    }

    private static void apply(Moment moment, KernelBuffers buffers) {
      if (moment.call().isEmpty()) {
        buffers.event(moment.what(), moment.bytes());
      } else if (moment.phase().equals("copy")) {
        buffers.call(moment.call().get());
      }
    }

    /** A call that waits for input has not read it yet. */
    private static String arguments(TracedCall call, String phase) {
      boolean isReading = phase.equals("wait") && SystemCalls.READS.containsAll(call.names());
      return isReading ? call.arguments().replaceAll("\".*\"(\\.\\.\\.)?", "…") : call.arguments();
    }

    /** A call that waits has no result yet. */
    private static String result(TracedCall call, String phase) {
      return phase.equals("wait") ? "" : call.result();
    }

    private List<Long> contents(long at) {
      List<Long> contents = new ArrayList<>();
      for (Optional<KernelBuffers> each : buffers.values()) {
        KernelBuffers.Contents now =
            each.map(it -> it.at(at)).orElse(KernelBuffers.Contents.UNKNOWN);
        contents.addAll(now.bytes());
        contents.addAll(now.limits());
      }
      return contents;
    }
  }
}
