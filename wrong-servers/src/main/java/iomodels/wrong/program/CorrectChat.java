package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.Charset;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The correct chat room, guarded by a lock. Two threads for each client: one reads, one writes. */
class CorrectChat extends CorrectProgram {

  private static final byte[] END = new byte[0];

  private final CorrectRoom room = room();

  CorrectChat(ProgramConfig config) throws IOException {
    super(config);
  }

  CorrectRoom room() {
    return new CorrectRoom();
  }

  /** A client that is a member of the room, or about to become one. */
  final class Guest implements Room.Member {

    final SocketChannel client;
    final Lines lines;
    String name = "";
    final BlockingQueue<byte[]> outbox = new LinkedBlockingQueue<>();

    /** Number of bytes in the outbox or being written. */
    final AtomicInteger queuedBytes = new AtomicInteger();

    private final Thread writer = Thread.ofVirtual().unstarted(() -> writeAll(this));

    private Guest(Lines lines) {
      this.client = lines.channel;
      this.lines = lines;
    }

    private boolean hasRoom() {
      return queuedBytes.get() < config.outbox();
    }

    /** The outbox may be full only because the writer has not been scheduled yet. */
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
      CorrectChat.this.drop(this);
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

  Lines lines(SocketChannel client) throws IOException {
    return new Lines(client);
  }

  private void converse(Guest it) throws IOException, InterruptedException {
    try {
      boolean isIn = false;
      do {
        Optional<String> name = name(it);
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
      lineTooLong(it);
      leave(it);
    } catch (IOException e) {
      lost(it);
      throw e;
    }
  }

  /** Returns whether the guest is now a member. */
  boolean enter(Guest it) throws InterruptedException {
    synchronized (room) {
      Optional<String> refusal = enter(room, it);
      refusal.ifPresent(it::tell);
      return refusal.isEmpty();
    }
  }

  /** Returns whether a client may send another name after one was refused. */
  boolean asksAgain() {
    return false;
  }

  /** Reads the name of a client; empty at FIN. */
  Optional<String> name(Guest it) throws IOException, InterruptedException, LineTooLongException {
    return it.lines.next();
  }

  /** Returns the refusal, or empty if the guest is now a member. */
  Optional<String> enter(CorrectRoom room, Guest it) {
    return room.enter(it.name, it);
  }

  private void hear(Guest it) throws IOException, InterruptedException, LineTooLongException {
    for (Optional<String> line = it.lines.next(); line.isPresent(); line = it.lines.next()) {
      hear(room, it, line.get());
    }
  }

  void hear(CorrectRoom room, Guest it, String line) throws IOException {
    synchronized (room) {
      say(room, it, line);
    }
  }

  void say(CorrectRoom room, Guest it, String line) {
    room.say(it.name, it, line);
  }

  /** Removes the member; no effect if the guest is not a member. */
  void leave(Guest it) {
    synchronized (room) {
      room.leave(it.name, it);
    }
  }

  /** Tells all members. */
  final void announce(String line) {
    synchronized (room) {
      room.tellAll(line, "");
    }
  }

  /** Called when reading from the connection fails. */
  void lost(Guest it) {
    leave(it);
  }

  void lineTooLong(Guest it) {
    it.tell(LineTooLongException.ANSWER);
  }

  /** Sends what is in the outbox, then FIN. */
  void finish(Guest it) {
    it.outbox.add(END);
  }

  /** Closes the connection of a member that does not read. */
  void drop(Guest it) {
    closeQuietly(it.client); // makes the blocking calls of both threads throw
  }

  /** Puts the line into the outbox; returns false if it is full. */
  boolean tell(Guest it, String line) {
    it.awaitWriter();
    return it.hasRoom() && put(it, line);
  }

  final boolean put(Guest it, String line) {
    byte[] bytes = line.getBytes(charset());
    it.queuedBytes.addAndGet(size(bytes));
    return it.outbox.add(bytes);
  }

  /** Returns what a line counts for in an outbox. */
  int size(byte[] line) {
    return line.length;
  }

  Charset charset() {
    return UTF_8;
  }

  void write(Guest it, byte[] line) throws IOException {
    writeFully(it.client, ByteBuffer.wrap(line));
  }

  /** Called when writing to the connection fails. */
  void cannotWrite(Guest it) {
    closeQuietly(it.client); // makes the reader's call throw
  }

  private void writeAll(Guest it) {
    try {
      for (byte[] line = it.outbox.take(); line.length > 0; line = it.outbox.take()) {
        write(it, line);
        it.queuedBytes.addAndGet(-size(line));
      }
      it.client.shutdownOutput();
    } catch (IOException | InterruptedException _) {
      cannotWrite(it);
    }
  }
}
