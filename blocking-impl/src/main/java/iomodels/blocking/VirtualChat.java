package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.net.StandardSocketOptions.TCP_NODELAY;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A chat room with two virtual threads for each client: one reads lines and passes them to the
 * room, the other writes the lines of the client's {@link Outbox}. No thread writes to a socket
 * while it holds the lock of the room.
 *
 * <p>While any outbox is more than half full, clients that send wait, outside the lock. A member
 * that does not read must not delay the others for long: when its outbox is full, it is
 * disconnected.
 */
final class VirtualChat {

  private static final int BUFFER_SIZE = 2 * 1024;

  private final ProgramConfig config;

  /** Guarded by itself, so that all members receive the lines in the same order. */
  private final Room room = new Room();

  /** The members whose outbox is more than half full. */
  private final Set<Client> behind = ConcurrentHashMap.newKeySet();

  private VirtualChat(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    VirtualChat chat = new VirtualChat(config);
    return new ProgramHost(config, peer -> chat.new Client(peer));
  }

  // end::accept[]

  /** A client; a member of the room once it has sent its name. */
  private final class Client implements ProgramHost.Conversation, Room.Member {

    private final SocketChannel peer;
    private final LineReader lines = new LineReader();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE).limit(0);
    private final Outbox outbox = new Outbox(config.outbox());
    private final Thread writer = Thread.ofVirtual().unstarted(this::write);

    Client(SocketChannel peer) {
      this.peer = peer;
    }

    // tag::converse[]
    @Override
    public void run() {
      try (peer) {
        writer.start();
        peer.setOption(TCP_NODELAY, true);
        try {
          converse();
        } catch (LineTooLongException _) {
          tell(LineTooLongException.ANSWER);
        }
        outbox.end();
        discard();
        writer.join();
      } catch (IOException | InterruptedException | OutOfMemoryError _) {
        outbox.end(); // The client has disconnected, and the other members have been told.
      }
    }

    private void converse() throws IOException, InterruptedException, LineTooLongException {
      Optional<String> name = read();
      if (name.isPresent()) {
        awaitWriters();
        converse(name.get());
      }
    }

    private void converse(String name)
        throws IOException, InterruptedException, LineTooLongException {
      synchronized (room) {
        Optional<String> refusal = room.enter(name, this);
        if (refusal.isPresent()) {
          tell(refusal.get());
          return;
        }
      }
      try {
        for (Optional<String> line = read(); line.isPresent(); line = read()) {
          awaitWriters();
          synchronized (room) {
            room.say(name, this, line.get());
          }
        }
      } finally {
        synchronized (room) {
          room.leave(name, this);
        }
      }
    }

    /** The next line; empty at the FIN. */
    private Optional<String> read() throws IOException, LineTooLongException {
      Optional<String> line = lines.next(in);
      while (line.isEmpty()) {
        if (peer.read(in.clear()) < 0) {
          return Optional.empty();
        }
        line = lines.next(in.flip());
      }
      return line;
    }

    /** Reads until the FIN: closing with unread input would send RST, and lose the last line. */
    private void discard() throws IOException {
      while (peer.read(in.clear()) >= 0) {
        // The input is discarded.
      }
    }

    // end::converse[]

    // tag::outbox[]
    /** The caller holds the lock of the room. */
    @Override
    public boolean tell(String line) {
      boolean taken = outbox.offer(line);
      if (outbox.isBehind()) {
        behind.add(this);
      }
      return taken;
    }

    /** Waits until the outboxes of the other members have room. */
    private void awaitWriters() throws InterruptedException {
      for (Client each : behind) {
        each.outbox.awaitWriter();
      }
      behind.removeIf(it -> !it.outbox.isBehind());
    }

    private void write() {
      try {
        for (ByteBuffer out = outbox.take(); out.hasRemaining(); out = outbox.take()) {
          while (out.hasRemaining()) {
            outbox.wrote(peer.write(out));
          }
        }
        peer.shutdownOutput();
      } catch (IOException | InterruptedException _) {
        closeQuietly(peer); // The next read throws.
      } finally {
        outbox.close();
        behind.remove(this);
      }
    }

    /** Pending calls of the client's two threads then throw. */
    @Override
    public void drop() {
      closeQuietly(peer);
    }

    // end::outbox[]

    // tag::close[]
    @Override
    public void endInput() {
      closeQuietly(peer::shutdownInput);
    }

    @Override
    public void abort() {
      closeQuietly(peer);
    }
    // end::close[]
  }
}
