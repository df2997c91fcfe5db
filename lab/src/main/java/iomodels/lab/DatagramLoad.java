package iomodels.lab;

import iomodels.lab.Loop.Failure;
import java.io.IOException;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Load over UDP. Each datagram carries a {@link Sequence} number, which its reply repeats. UDP may
 * lose any of them: one whose reply has not come within the load's patience is counted as lost, and
 * its place in flight is given to the next.
 */
final class DatagramLoad implements LoadGenerator, Course.Clients {

  private static final int RECEIVE_BYTES = 64 * 1024;

  private final Load load;
  private final Course course;
  private final Tally tally;
  private final List<Peer> peers = new ArrayList<>();
  private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES);
  private int outstanding;

  private DatagramLoad(Load load) throws LoadException {
    this.load = load;
    course = new Course(load.rate(), DatagramLoad::ready);
    tally = course.tally;
  }

  static DatagramLoad open(Load load) throws LoadException {
    DatagramLoad generator = new DatagramLoad(load);
    try {
      for (int i = 0; i < load.connections(); i++) {
        generator.peers.add(generator.openPeer(i));
      }
      return generator;
    } catch (LoadException | RuntimeException e) {
      generator.close();
      throw e;
    }
  }

  private Peer openPeer(int index) throws LoadException {
    try {
      DatagramChannel channel = DatagramChannel.open();
      try {
        channel.configureBlocking(false);
        channel.connect(load.server());
        return new Peer(index, channel);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new LoadException("socket %d: %s".formatted(index + 1, load.server()), e);
    }
  }

  @Override
  public LoadResult round(Duration duration, Observer observer)
      throws LoadException, InterruptedException {
    return course.run(this, duration, observer);
  }

  @Override
  public void start() {
    peers.forEach(Peer::start);
  }

  @Override
  public boolean areOwed() {
    return outstanding > 0;
  }

  @Override
  public void pursue(long message, long now) {
    peers.get((int) (message % peers.size())).pursue(now);
  }

  @Override
  public void check(long now) {
    peers.forEach(it -> it.giveUpOnTheLost(now));
  }

  @Override
  public void giveUp() {
    peers.forEach(Peer::giveUp);
  }

  @Override
  public LongStream served() {
    return peers.stream().mapToLong(it -> it.served);
  }

  private static void ready(SelectionKey key) {
    ((Peer) key.attachment()).receive();
  }

  @Override
  public void close() {
    course.close();
  }

  /** A socket, with several datagrams in flight. */
  private final class Peer {

    private static final int FREE = -1;

    private final int number;
    private final DatagramChannel channel;
    private final ByteBuffer message;
    private final ByteBuffer reply;

    /** By place in flight: which datagram has it, when it was begun, and when handed over. */
    private final int[] sequence = new int[load.inFlight()];

    private final long[] begun = new long[load.inFlight()];
    private final long[] handedOver = new long[load.inFlight()];
    private int inFlight;
    private int last;

    /** Open loop: the number of its next message. */
    private long upcoming;

    private long served;

    Peer(int index, DatagramChannel channel) throws IOException {
      number = index + 1;
      this.channel = channel;
      channel.register(course.loop.selector, SelectionKey.OP_READ, this);
      message = direct(load.exchange().message(index));
      reply = direct(load.exchange().reply(index));
      Arrays.fill(sequence, FREE);
    }

    private static ByteBuffer direct(byte[] bytes) {
      return ByteBuffer.allocateDirect(bytes.length).put(bytes).rewind();
    }

    void start() {
      served = 0;
      upcoming = number - 1L;
      long now = course.schedule().start();
      for (int place = 0; load.rate() == 0 && place < sequence.length; place++) {
        send(place, now, now);
      }
    }

    private void send(int place, long when, long now) {
      last = (last + 1) & Integer.MAX_VALUE;
      sequence[place] = last;
      begun[place] = when;
      handedOver[place] = now;
      inFlight++;
      outstanding++;
      Sequence.write(last, message.clear());
      try {
        // What the socket has no room for is lost, as on the wire.
        channel.write(message);
      } catch (IOException e) {
        throw broken(e);
      }
    }

    /** Open loop: sends what is due on this socket, as far as there may be more in flight. */
    void pursue(long now) {
      if (inFlight == 0) {
        tally.late(now - course.schedule().due(upcoming));
      }
      sendWhatIsDue(now);
    }

    private void sendWhatIsDue(long now) {
      for (int place = 0;
          place < sequence.length && course.schedule().isDue(upcoming, now);
          place++) {
        if (sequence[place] == FREE) {
          send(place, course.schedule().due(upcoming), now);
          upcoming += peers.size();
        }
      }
    }

    /** Open loop: what was due, but could not be sent, has waited until now at least. */
    void giveUp() {
      for (; course.schedule().includes(upcoming); upcoming += peers.size()) {
        tally.neverSent(course.schedule().end() - course.schedule().due(upcoming));
      }
    }

    void receive() {
      try {
        while (channel.read(received.clear()) > 0) {
          take(received.flip(), System.nanoTime());
        }
      } catch (IOException e) {
        throw broken(e);
      }
    }

    private void take(ByteBuffer datagram, long now) {
      int answers = datagram.remaining() == reply.capacity() ? Sequence.read(datagram) : FREE;
      if (answers == FREE) {
        throw failure(
            "a reply has %d bytes, not %d, or no number"
                .formatted(datagram.remaining(), reply.capacity()));
      }
      Sequence.write(answers, reply);
      int wrong = datagram.mismatch(reply);
      if (wrong >= 0) {
        throw failure("byte %d of a reply is wrong".formatted(wrong));
      }
      for (int place = 0; place < sequence.length; place++) {
        if (sequence[place] == answers) {
          complete(place, now);
          return;
        }
      }
      // It has come too late, or twice.
    }

    private void complete(int place, long now) {
      tally.answered(begun[place], now);
      if (load.rate() > 0) {
        tally.uncorrected(handedOver[place], now);
      }
      free(place);
      if (course.schedule().isOver(now)) {
        return;
      }
      served++;
      if (load.rate() == 0) {
        send(place, now, now);
      } else {
        sendWhatIsDue(now);
      }
    }

    private void free(int place) {
      sequence[place] = FREE;
      inFlight--;
      outstanding--;
    }

    void giveUpOnTheLost(long now) {
      for (int place = 0; place < sequence.length; place++) {
        if (sequence[place] != FREE && now - handedOver[place] > load.patience().toNanos()) {
          tally.lost();
          free(place);
          if (load.rate() == 0 && !course.schedule().isOver(now)) {
            send(place, now, now);
          }
        }
      }
    }

    private Failure broken(IOException e) {
      return failure(
          e instanceof PortUnreachableException
              ? "nobody listens there (ICMP: port unreachable)"
              : String.valueOf(e.getMessage()));
    }

    private Failure failure(String what) {
      return new Failure(
          new LoadException("socket %d of %d: %s".formatted(number, load.connections(), what)));
    }
  }
}
