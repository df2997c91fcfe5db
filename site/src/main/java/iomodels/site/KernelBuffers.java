package iomodels.site;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The contents of the kernel's four buffers of one connection, derived from recorded calls. The
 * order is that in which a request and its reply use them: client's send, server's receive,
 * server's send, client's receive.
 *
 * <p>How many bytes are in the two buffers of a direction follows from the calls: what one side has
 * written and the other has not read. How they are distributed is derived. On the loopback
 * interface the kernel passes bytes on at once, so they lie in the receive buffer as far as there
 * is room, and the rest in the send buffer. The room is half of the receive buffer, which is what
 * Linux offers the sender, or more if more has been seen there. The limits are recorded every few
 * milliseconds; in between, a buffer has grown as far as needed, up to the next recorded limit.
 */
final class KernelBuffers {

  /** The number of buffers of a connection. */
  static final int COUNT = 4;

  private final List<Sample> samples;
  private final List<Spread> spread = new ArrayList<>();
  private long sent;
  private long taken;
  private long given;
  private long received;
  private boolean reset;

  /** Recorded limits and contents. */
  private record Sample(long at, List<Long> limits, List<Long> bytes) {

    static Sample of(JsonNode row) {
      List<Long> numbers = row.valueStream().map(it -> it.asLong(0)).toList();
      return new Sample(
          numbers.getFirst(),
          numbers.subList(1, 1 + COUNT),
          numbers.subList(1 + COUNT, 1 + 2 * COUNT));
    }
  }

  /** Bytes of several calls, moved evenly between the first and the last. */
  private record Spread(long start, long end, long in, long out) {

    double share(long at) {
      return Math.clamp((double) (at - start) / Math.max(1, end - start), 0, 1);
    }
  }

  /**
   * The buffers at one time.
   *
   * @param bytes how many bytes are in each
   * @param limits what the kernel allows for each
   */
  record Contents(List<Long> bytes, List<Long> limits) {

    /** What is known of the buffers of a client without recorded buffers. */
    static final Contents UNKNOWN = new Contents(List.of(0L, 0L, 0L, 0L), List.of(0L, 0L, 0L, 0L));
  }

  private KernelBuffers(List<Sample> samples) {
    this.samples = samples;
  }

  /**
   * Returns the empty buffers of a client in a trace. There are none if the trace has no limits, or
   * if the calls of the server do not account for all bytes of the client, as with io_uring, where
   * the kernel moves bytes without a call.
   */
  static Optional<KernelBuffers> of(JsonNode client, List<TracedCall> calls, boolean complete) {
    List<Sample> samples =
        client
            .path("buffers")
            .valueStream()
            .filter(it -> it.size() == 1 + 2 * COUNT)
            .map(Sample::of)
            .toList();
    List<TracedCall> own =
        calls.stream().filter(it -> it.client().equals(client.path("name").asString(""))).toList();
    long in = own.stream().mapToLong(TracedCall::in).sum();
    long out = own.stream().mapToLong(TracedCall::out).sum();
    boolean accounted =
        complete ? in == bytes(client, "send") && out == bytes(client, "receive") : in + out > 0;
    return accounted && !samples.isEmpty()
        ? Optional.of(new KernelBuffers(samples))
        : Optional.empty();
  }

  private static long bytes(JsonNode client, String kind) {
    return client
        .path("events")
        .valueStream()
        .filter(it -> it.path(1).asString("").equals(kind))
        .mapToLong(it -> it.path(2).asLong(0))
        .sum();
  }

  /** Applies an event of the client. */
  void event(String what, long bytes) {
    switch (what) {
      case "send" -> sent += bytes;
      case "receive" -> received += bytes;
      case "reset" -> reset = true;
      default -> {
        // Connecting and ending move no bytes.
      }
    }
  }

  /** Applies a call of the server that copies, or several as one. */
  void call(TracedCall call) {
    if (call.times() > 1) {
      spread.add(new Spread(call.start(), call.end(), call.in(), call.out()));
    } else {
      taken += call.in();
      given += call.out();
    }
  }

  /** Returns the buffers at a time, after what has been applied. */
  Contents at(long time) {
    int next = 0;
    while (next < samples.size() && samples.get(next).at() <= time) {
      next++;
    }
    Sample last = samples.get(Math.max(0, next - 1));
    Sample later = samples.get(Math.min(samples.size() - 1, next));
    long[] bytes = new long[COUNT];
    long[] limits = last.limits().stream().mapToLong(it -> it).toArray();
    if (!reset) { // At a reset the kernel discards them.
      double in = spread.stream().mapToDouble(it -> it.in() * it.share(time)).sum();
      double out = spread.stream().mapToDouble(it -> it.out() * it.share(time)).sum();
      split(sent - taken - Math.round(in), 0, later, bytes, limits);
      split(given + Math.round(out) - received, 2, later, bytes, limits);
    }
    return new Contents(list(bytes), list(limits));
  }

  /** Distributes the bytes of a direction among its two buffers. */
  private void split(long total, int send, Sample later, long[] bytes, long[] limits) {
    int receive = send + 1;
    long room = Math.min(limits[receive], Math.max(limits[receive] / 2, seen(receive, later)));
    bytes[receive] = Math.clamp(total, 0, room);
    bytes[send] = Math.max(0, Math.min(total - bytes[receive], limits[send]));
    for (int buffer : List.of(send, receive)) {
      long rest = Math.max(0, total - bytes[send] - bytes[receive]);
      limits[buffer] =
          Math.max(limits[buffer], Math.min(bytes[buffer] + rest, later.limits().get(buffer)));
      bytes[buffer] = Math.min(bytes[buffer] + rest, limits[buffer]);
    }
  }

  /** The most bytes that have been seen in a buffer until a sample. */
  private long seen(int buffer, Sample until) {
    return samples.stream()
        .filter(it -> it.at() <= until.at())
        .mapToLong(it -> it.bytes().get(buffer))
        .max()
        .orElse(0);
  }

  private static List<Long> list(long[] values) {
    List<Long> list = new ArrayList<>();
    for (long value : values) {
      list.add(value);
    }
    return List.copyOf(list);
  }
}
