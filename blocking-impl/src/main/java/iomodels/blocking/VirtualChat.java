package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.server.Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * A room with two virtual threads for each client. One reads lines and says them in the room; the
 * other takes lines from the client's outbox, and writes them. No thread writes to a socket under
 * the lock of the room: a line is put into the outbox of each member, and a member whose outbox is
 * full is disconnected. Back-pressure cannot replace that: the members that send the lines are not
 * the ones that do not read.
 */
final class VirtualChat {

  private static final int BUFFER_SIZE = 2 * 1024;

  private final ProgramConfig config;

  /** Guards itself: all members receive the lines in the same order. */
  private final Room room = new Room();

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
    private final Thread writer = Thread.ofVirtual().unstarted(this::write);

    /** What the writer has yet to take; guards the two fields below. */
    private final ByteArrayOutputStream outbox = new ByteArrayOutputStream();

    /** How many bytes are in there, or about to be written. */
    private int unsent;

    private boolean isLast;

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
        endOutbox();
        discard();
        writer.join();
      } catch (IOException | InterruptedException | OutOfMemoryError _) {
        endOutbox(); // It has gone, and the others have been told.
      }
    }

    private void converse() throws IOException, LineTooLongException {
      Optional<String> name = read();
      if (name.isPresent()) {
        converse(name.get());
      }
    }

    private void converse(String name) throws IOException, LineTooLongException {
      synchronized (room) {
        Optional<String> refusal = room.enter(name, this);
        if (refusal.isPresent()) {
          tell(refusal.get());
          return;
        }
      }
      try {
        for (Optional<String> line = read(); line.isPresent(); line = read()) {
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

    /** To close with input unread would send RST, and the last line be lost. */
    private void discard() throws IOException {
      while (peer.read(in.clear()) >= 0) {
        // It is not heeded any more.
      }
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      byte[] bytes = line.getBytes(UTF_8);
      synchronized (outbox) {
        if (unsent >= config.outbox()) {
          return false;
        }
        unsent += bytes.length;
        outbox.writeBytes(bytes);
        outbox.notifyAll();
        return true;
      }
    }

    private void endOutbox() {
      synchronized (outbox) {
        isLast = true;
        outbox.notifyAll();
      }
    }

    /** Waits for lines; an empty buffer says that there will be no more. */
    private ByteBuffer take() throws InterruptedException {
      synchronized (outbox) {
        while (outbox.size() == 0 && !isLast) {
          outbox.wait();
        }
        ByteBuffer lines = ByteBuffer.wrap(outbox.toByteArray());
        outbox.reset();
        return lines;
      }
    }

    /** Whichever call its two threads are in throws. */
    @Override
    public void drop() {
      closeQuietly(peer);
    }

    private void write() {
      try {
        for (ByteBuffer out = take(); out.hasRemaining(); out = take()) {
          while (out.hasRemaining()) {
            int count = peer.write(out);
            synchronized (outbox) {
              unsent -= count;
            }
          }
        }
        peer.shutdownOutput();
      } catch (IOException | InterruptedException _) {
        closeQuietly(peer); // The reader finds out.
      }
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
