package iomodels.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.program.HttpRoute.Bytes;
import iomodels.program.HttpRoute.Ticker;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalLong;

/** The content of a response, which is generated as it is sent. */
interface Content {

  /** What a content waits for. */
  enum State {
    /** Nothing: it is complete. */
    DONE,
    /** Room in the output. */
    FULL,
    /** A time. */
    WAITING
  }

  /** Puts as many bytes into {@code out} as are due and fit. */
  State fill(ByteBuffer out, long now);

  /** The time at which more is due; empty if it does not wait for a time. */
  default OptionalLong due() {
    return OptionalLong.empty();
  }

  /** Ends early, if that can be done between two parts. */
  default void stop() {}

  /** Returns the content of a response that has none, or whose content is sent otherwise. */
  static Content none() {
    return (_, _) -> State.DONE;
  }

  /** Returns the content of {@link Bytes}. */
  static Content pattern(long length, Framing framing) {
    return new Content() {
      private long sent;
      private boolean ended;

      @Override
      public State fill(ByteBuffer out, long now) {
        while (sent < length && out.remaining() > Framing.OVERHEAD) {
          int room = Math.min(Bytes.MAX_PART, out.remaining() - Framing.OVERHEAD);
          int part = (int) Math.min(length - sent, room);
          framing.begin(out, part);
          Bytes.put(sent, part, out);
          sent += part;
          framing.finish(out);
        }
        if (sent == length && !ended && out.remaining() >= Framing.OVERHEAD) {
          out.put(framing.end());
          ended = true;
        }
        return ended ? State.DONE : State.FULL;
      }
    };
  }

  /** Returns the content of {@link Ticker}. */
  static Content ticker(Duration interval, long begun, Framing framing) {
    return new Content() {
      private long number;
      private long due = begun;
      private boolean stopped;

      @Override
      public State fill(ByteBuffer out, long now) {
        byte[] event = Ticker.event(number + 1).getBytes(US_ASCII);
        if (out.remaining() < event.length + 2 * Framing.OVERHEAD) {
          return State.FULL;
        }
        if (stopped) {
          out.put(framing.end());
          return State.DONE;
        }
        if (now - due < 0) {
          return State.WAITING;
        }
        framing.begin(out, event.length);
        out.put(event);
        framing.finish(out);
        number++;
        due = now + interval.toNanos(); // Events that a slow client has missed are not made up for.
        return State.WAITING;
      }

      @Override
      public OptionalLong due() {
        return OptionalLong.of(due);
      }

      @Override
      public void stop() {
        stopped = true;
      }
    };
  }
}
