package iomodels.lab.load;

import java.io.IOException;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.util.Arrays;

/**
 * Load over UDP. Each datagram carries a {@link SequenceNumber}, which its reply repeats. UDP may
 * lose datagrams: if a reply does not arrive within the load's patience, its datagram counts as
 * lost, and another one may be sent in its place.
 */
final class DatagramLoad {

  private final RoundRunner runner;
  private final RoundRecorder recorder;
  private final Load load;

  private DatagramLoad(RoundRunner runner) {
    this.runner = runner;
    recorder = runner.recorder;
    load = runner.load;
  }

  /** Opens all sockets. */
  static LoadGenerator open(Load load) throws LoadException, InterruptedException {
    return RoundRunner.open(load, DatagramLoad::ready, runner -> new DatagramLoad(runner).open());
  }

  private void open() throws LoadException {
    for (int i = 0; i < load.connections(); i++) {
      runner.add(open(i));
    }
  }

  private UdpSocket open(int index) throws LoadException {
    try {
      DatagramChannel channel = DatagramChannel.open();
      try {
        channel.configureBlocking(false);
        channel.connect(load.server());
        return new UdpSocket(index, channel);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new LoadException("socket %d: %s".formatted(index + 1, load.server()), e);
    }
  }

  private static void ready(SelectionKey key) {
    ((UdpSocket) key.attachment()).receive();
  }

  /** A socket with a number of slots, one for each datagram in flight. */
  private final class UdpSocket extends Sender {

    private static final int FREE = -1;

    private final int index;
    private final DatagramChannel channel;
    private final ByteBuffer message;
    private final ByteBuffer reply;

    /** By slot: the number of its datagram, when it was begun, and when it was really sent. */
    private final int[] sequence = new int[load.inFlight()];

    private final long[] begun = new long[load.inFlight()];
    private final long[] handedOver = new long[load.inFlight()];
    private int inFlight;
    private int last;

    UdpSocket(int index, DatagramChannel channel) throws IOException {
      super(index, load.connections());
      this.index = index;
      this.channel = channel;
      channel.register(runner.loop.selector, SelectionKey.OP_READ, this);
      message = Payload.direct(load.payload().message(index));
      reply = Payload.direct(load.payload().reply(index));
      Arrays.fill(sequence, FREE);
    }

    @Override
    void start(long now) {
      for (int slot = 0; load.rate() == 0 && slot < sequence.length; slot++) {
        send(slot, now, now);
      }
    }

    private void send(int slot, long when, long now) {
      last = (last + 1) & Integer.MAX_VALUE;
      sequence[slot] = last;
      begun[slot] = when;
      handedOver[slot] = now;
      inFlight++;
      runner.addOutstanding();
      SequenceNumber.write(last, message.clear());
      try {
        // A datagram that the socket has no room for is lost, as one on the wire may be.
        channel.write(message);
      } catch (IOException e) {
        throw failure(e);
      }
    }

    @Override
    void sendDue(long now) {
      if (inFlight == 0) {
        recorder.late(now - cursor.due(runner.schedule()));
      }
      fillFreeSlots(now);
    }

    private void fillFreeSlots(long now) {
      for (int slot = 0; slot < sequence.length && cursor.isDue(runner.schedule(), now); slot++) {
        if (sequence[slot] == FREE) {
          send(slot, cursor.take(runner.schedule()), now);
        }
      }
    }

    void receive() {
      ByteBuffer received = runner.received;
      try {
        while (channel.read(received.clear()) > 0) {
          take(received.flip(), System.nanoTime());
        }
      } catch (IOException e) {
        throw failure(e);
      }
    }

    private void take(ByteBuffer datagram, long now) {
      int answers = datagram.remaining() == reply.capacity() ? SequenceNumber.read(datagram) : FREE;
      if (answers == FREE) {
        throw failure(
            "a reply has %d bytes instead of %d, or no number"
                .formatted(datagram.remaining(), reply.capacity()));
      }
      SequenceNumber.write(answers, reply);
      int wrong = datagram.mismatch(reply);
      if (wrong >= 0) {
        throw failure("byte %d of a reply is wrong".formatted(wrong));
      }
      for (int slot = 0; slot < sequence.length; slot++) {
        if (sequence[slot] == answers) {
          complete(slot, now);
          return;
        }
      }
      // A late reply or a duplicate: UDP permits both.
    }

    private void complete(int slot, long now) {
      recorder.replied(begun[slot], handedOver[slot], now);
      free(slot);
      if (runner.schedule().isOver(now)) {
        return;
      }
      recorder.served(index);
      if (load.rate() == 0) {
        send(slot, now, now);
      } else {
        fillFreeSlots(now);
      }
    }

    private void free(int slot) {
      sequence[slot] = FREE;
      inFlight--;
      runner.removeOutstanding();
    }

    @Override
    void checkTimeout(long now) {
      for (int slot = 0; slot < sequence.length; slot++) {
        if (sequence[slot] != FREE && now - handedOver[slot] > load.patience().toNanos()) {
          recorder.lost();
          free(slot);
          if (load.rate() == 0 && !runner.schedule().isOver(now)) {
            send(slot, now, now);
          }
        }
      }
    }

    private LoadFailure failure(IOException e) {
      return failure(
          e instanceof PortUnreachableException
              ? "no server listens there (ICMP: port unreachable)"
              : String.valueOf(e.getMessage()));
    }

    private LoadFailure failure(String what) {
      return LoadFailure.of("socket", index + 1, load.connections(), what);
    }
  }
}
