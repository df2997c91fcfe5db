package iomodels.lab.trace;

import iomodels.lab.trace.Trace.Event;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * The events of one client, which explain what a call of the server waited for.
 *
 * @param name A, B or C
 * @param port the client's own port
 */
record ClientLog(String name, int port, List<Event> events) {

  /** When the client connected. */
  OptionalLong connected() {
    return times(Event.Kind.CONNECT).findFirst();
  }

  /** When the client shut down its output. */
  OptionalLong ended() {
    return times(Event.Kind.END).findFirst();
  }

  /** When the client sent a byte; the first has the number 0. */
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

  /** How many bytes the client had received by a time. */
  long received(long by) {
    return events.stream()
        .filter(it -> it.kind() == Event.Kind.RECEIVE && it.at() <= by)
        .mapToLong(Event::bytes)
        .sum();
  }

  /** When the client last read between two times, which makes room for more. */
  OptionalLong madeRoom(long from, long to) {
    return times(Event.Kind.RECEIVE).filter(at -> from <= at && at <= to).max();
  }

  private LongStream times(Event.Kind kind) {
    return events.stream().filter(it -> it.kind() == kind).mapToLong(Event::at);
  }
}
