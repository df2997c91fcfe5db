package iomodels.lab.trace;

import iomodels.lab.trace.Trace.Event;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * A client's own record, asked for what the server's calls waited for. For use by one thread.
 *
 * @param name A, B or C
 * @param port its own
 */
record Peer(String name, int port, List<Event> events) {

  /** When it connected. */
  OptionalLong connected() {
    return times(Event.Kind.CONNECT).findFirst();
  }

  /** When it shut down its output. */
  OptionalLong ended() {
    return times(Event.Kind.END).findFirst();
  }

  /** When it sent the byte of that number, the first one being 0. */
  OptionalLong sent(long number) {
    long sent = 0;
    for (Event event : events) {
      if (event.kind() == Event.Kind.SEND) {
        sent += event.bytes();
        if (sent > number) {
          return OptionalLong.of(event.at());
        }
      }
    }
    return OptionalLong.empty();
  }

  /** How many bytes it had received by then. */
  long received(long by) {
    return events.stream()
        .filter(it -> it.kind() == Event.Kind.RECEIVE && it.at() <= by)
        .mapToLong(Event::bytes)
        .sum();
  }

  /** When it made room between two times; the last time, if it did so more than once. */
  OptionalLong madeRoom(long from, long to) {
    return times(Event.Kind.RECEIVE).filter(at -> from <= at && at <= to).max();
  }

  private LongStream times(Event.Kind kind) {
    return events.stream().filter(it -> it.kind() == kind).mapToLong(Event::at);
  }
}
