package iomodels.conformance.rules;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.meter.SocketQueues;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Checks how much a server holds for a receiver that does not read: what it has read from one
 * connection, and not written to another or to the same one. The kernel's queues of both
 * connections tell it; see {@link SocketQueues}. Without them the kit allows for the largest
 * buffers that the kernel may have.
 */
final class HeldBytes {

  /** The last read may pass the limit, and a library may have buffers of its own. */
  private static final long MARGIN = 3L << 20;

  private static final long STEP = 4L << 20;

  /** A server that reads on, but slowly, passes its limit in this time. */
  private static final Duration TIME_LIMIT = Duration.ofSeconds(45);

  private static final int CONFIRMATIONS = 3;
  private static final long INTERVAL_MILLIS = 60;

  private HeldBytes() {}

  /**
   * Sends until the server stops reading, and demands that it holds little then.
   *
   * @param who the noun for the server under test
   * @param sender the connection on which the kit sends
   * @param receiver the connection on which the server sends as many bytes, and the kit reads none
   * @param most how many bytes the server may hold
   * @param buffers the size of the kernel's buffers, where it does not list the sockets
   * @return the number of bytes that were sent
   */
  static long demandFew(
      String who, Peer sender, Peer receiver, Peer.BytePattern stream, long most, long buffers)
      throws Broken, Inconclusive, InterruptedException {
    long deadline = System.nanoTime() + TIME_LIMIT.toNanos();
    long ceiling = most + MARGIN + buffers;
    long sent = 0;
    while (sent <= ceiling) {
      long step = Math.min(STEP, ceiling + 1 - sent);
      long taken = sender.sendUntilFull(stream.from(sent), step);
      sent += taken;
      OptionalLong held = confirmed(() -> now(sender, receiver), most + MARGIN);
      if (held.isPresent() && held.getAsLong() > most + MARGIN) {
        throw new Broken(
            "%s that holds at most %,d bytes for a receiver that does not read"
                .formatted(who, most),
            "it read %,d more than it wrote".formatted(held.getAsLong()));
      }
      if (taken < step) {
        return sent;
      }
      if (System.nanoTime() - deadline > 0) {
        if (held.isPresent()) {
          return sent; // It is slow, but what it holds is known.
        }
        throw new Inconclusive(
            "%s is so slow that the kit cannot tell whether it stops reading".formatted(who));
      }
    }
    throw new Broken(
        "%s that reads at most %,d bytes for a receiver that does not read".formatted(who, ceiling),
        "it read %,d".formatted(sent));
  }

  /** Demands that a server has read at most so many of the bytes that the kit has sent. */
  static void demandFewRead(String who, Peer sender, long most)
      throws Broken, InterruptedException {
    OptionalLong read =
        confirmed(
            () ->
                sender
                    .progress()
                    .map(it -> OptionalLong.of(it.taken()))
                    .orElseGet(OptionalLong::empty),
            most + MARGIN);
    if (read.isPresent() && read.getAsLong() > most + MARGIN) {
      throw new Broken(
          "%s that reads at most %,d bytes".formatted(who, most),
          "it read %,d".formatted(read.getAsLong()));
    }
  }

  private static OptionalLong now(Peer sender, Peer receiver) {
    return sender
        .progress()
        .flatMap(from -> receiver.progress().map(to -> from.taken() - to.given()))
        .map(OptionalLong::of)
        .orElseGet(OptionalLong::empty);
  }

  /**
   * Returns how many bytes the server holds for a receiver; empty if the kernel does not tell.
   *
   * @param due how many bytes the server has to write to the receiver in all
   * @param allowed a larger number is confirmed, since it may be too large while data moves
   */
  static OptionalLong confirmed(Peer receiver, long due, long allowed) throws InterruptedException {
    return confirmed(
        () ->
            receiver
                .progress()
                .map(it -> OptionalLong.of(due - it.given()))
                .orElseGet(OptionalLong::empty),
        allowed);
  }

  private static OptionalLong confirmed(Supplier<OptionalLong> sample, long allowed)
      throws InterruptedException {
    OptionalLong held = sample.get();
    for (int i = 0; i < CONFIRMATIONS && held.isPresent() && held.getAsLong() > allowed; i++) {
      TimeUnit.MILLISECONDS.sleep(INTERVAL_MILLIS);
      OptionalLong again = sample.get();
      held =
          again.isPresent()
              ? OptionalLong.of(Math.min(held.getAsLong(), again.getAsLong()))
              : again;
    }
    return held;
  }
}
