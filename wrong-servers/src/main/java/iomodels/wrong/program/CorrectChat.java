package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The correct room, behind its own lock: two threads for each client, one of which writes. */
class CorrectChat extends CorrectProgram {

  private static final byte[] END = new byte[0];

  private final Room room = new Room();

  CorrectChat(ProgramConfig config) throws IOException {
    super(config);
  }

  /** In the room, or about to enter. */
  final class Guest implements Room.Member {

    final SocketChannel client;
    final Lines lines;
    String name = "";
    final BlockingQueue<byte[]> outbox = new LinkedBlockingQueue<>();

    /** How many bytes are in there, or being written. */
    final AtomicInteger owed = new AtomicInteger();

    private final Thread writer = Thread.ofVirtual().unstarted(() -> writeAll(this));

    private Guest(Lines lines) {
      this.client = lines.channel;
      this.lines = lines;
    }

    private boolean hasRoom() {
      return owed.get() < config.outbox();
    }

    /** The outbox may be full only since the writer has not had its turn. */
    private void awaitWriter() {
      while (!hasRoom() && writer.getState() == Thread.State.RUNNABLE) {
        LockSupport.parkNanos(1);
      }
    }

    @Override
    public boolean tell(String line) {
      return CorrectChat.this.tell(this, line);
    }

    @Override
    public void drop() {
      quietly(client); // whichever call its threads are in throws
    }
  }

  @Override
  final void serve(SocketChannel client) throws IOException, InterruptedException {
    Guest guest = new Guest(lines(client));
    guest.writer.start();
    try {
      converse(guest);
      finish(guest);
      guest.lines.discard();
      guest.writer.join();
    } finally {
      guest.writer.interrupt();
    }
  }

  Lines lines(SocketChannel client) {
    return new Lines(client);
  }

  private void converse(Guest it) throws IOException, InterruptedException {
    try {
      boolean isIn = false;
      do {
        Optional<String> name = it.lines.next();
        if (name.isEmpty()) {
          return;
        }
        it.name = name.get();
        isIn = enter(it);
      } while (!isIn && asksAgain());
      if (isIn) {
        hear(it);
        leave(it);
      }
    } catch (LineTooLongException _) {
      babbled(it);
      leave(it);
    } catch (IOException e) {
      lost(it);
      throw e;
    }
  }

  /** Whether it is in. */
  boolean enter(Guest it) throws InterruptedException {
    synchronized (room) {
      Optional<String> refusal = enter(room, it);
      refusal.ifPresent(it::tell);
      return refusal.isEmpty();
    }
  }

  /** Whether whose name is refused may say another. */
  boolean asksAgain() {
    return false;
  }

  /** Why it is not in; empty if it is. */
  Optional<String> enter(Room room, Guest it) {
    return room.enter(it.name, it);
  }

  private void hear(Guest it) throws IOException, InterruptedException, LineTooLongException {
    for (Optional<String> line = it.lines.next(); line.isPresent(); line = it.lines.next()) {
      synchronized (room) {
        say(room, it, line.get());
      }
    }
  }

  void say(Room room, Guest it, String line) {
    room.say(it.name, it, line);
  }

  /** Does nothing for one that has not entered, or was dropped. */
  final void leave(Guest it) {
    synchronized (room) {
      room.leave(it.name, it);
    }
  }

  /** Its connection is no more. */
  void lost(Guest it) {
    leave(it);
  }

  void babbled(Guest it) {
    it.tell(LineTooLongException.ANSWER);
  }

  /** Nothing more is owed than is in the outbox. */
  void finish(Guest it) {
    it.outbox.add(END);
  }

  /** Puts the line into the outbox; whether there was room. */
  boolean tell(Guest it, String line) {
    it.awaitWriter();
    return it.hasRoom() && put(it, line);
  }

  final boolean put(Guest it, String line) {
    byte[] bytes = line.getBytes(UTF_8);
    it.owed.addAndGet(bytes.length);
    return it.outbox.add(bytes);
  }

  private void writeAll(Guest it) {
    try {
      for (byte[] line = it.outbox.take(); line.length > 0; line = it.outbox.take()) {
        say(it.client, ByteBuffer.wrap(line));
        it.owed.addAndGet(-line.length);
      }
      it.client.shutdownOutput();
    } catch (IOException | InterruptedException _) {
      quietly(it.client); // the reader finds out
    }
  }
}
