package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * A room as a state machine. There is one thread, and so no lock. The lines that a member has not
 * read yet wait in its outbox, and {@code OP_WRITE} reports when it has room for more. Its input is
 * read meanwhile: not to read it would delay the members that wait for its lines, and not those
 * whose lines it does not read.
 *
 * <p>Where it waits: the loop in {@link ProgramLoop}; nothing here does.
 */
final class SelectorChat {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-chat");
  private static final int BUFFER_SIZE = 2 * 1024;

  private final ProgramConfig config;
  private final Room room = new Room();
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE); // The loop's.

  private SelectorChat(ProgramConfig config) {
    this.config = config;
  }

  static Server start(ProgramConfig config) throws IOException {
    SelectorChat chat = new SelectorChat(config);
    return new ProgramLoop(config, "chat", (peer, loop) -> chat.new Client(peer, loop));
  }

  /** A client; a member of the room once it has sent its name. */
  private final class Client implements ProgramLoop.Conversation, Room.Member, Runnable {

    private final SocketChannel peer;
    private final ProgramLoop loop;
    private final SelectionKey key;
    private final LineReader lines = new LineReader();

    /** What it has not been sent yet, up to the position. */
    private ByteBuffer outbox = Buffers.EMPTY;

    /** Present while it is in the room. */
    private Optional<String> name = Optional.empty();

    /** Its FIN has been read. */
    private boolean endOfInput;

    /** It has been sent an error, and is read, but not answered, to its FIN. */
    private boolean refused;

    Client(SocketChannel peer, ProgramLoop loop) throws IOException {
      this.peer = peer;
      this.loop = loop;
      this.key = loop.register(peer, OP_READ, this);
    }

    // tag::converse[]
    @Override
    public void run() {
      if (!key.isValid()) {
        return; // It was closed in another client's turn.
      }
      try {
        if (key.isReadable()) {
          endOfInput |= peer.read(in.clear()) < 0;
          receive(in.flip());
        }
        flush();
      } catch (IOException _) {
        abort();
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A client failed.", e);
        abort();
      }
    }

    private void receive(ByteBuffer bytes) {
      try {
        while (!refused) { // What comes after an error is read, or else closing would reset.
          Optional<String> line = lines.next(bytes);
          if (line.isEmpty()) {
            break;
          }
          take(line.get());
        }
      } catch (LineTooLongException _) {
        refuse(LineTooLongException.ANSWER);
      }
      if (endOfInput) {
        leaveRoom();
      }
    }

    private void take(String line) {
      if (name.isPresent()) {
        room.say(name.get(), this, line);
        return;
      }
      name = Optional.of(line); // By now: it may be gone before it has been told who is here.
      Optional<String> refusal = room.enter(line, this);
      if (refusal.isPresent()) {
        name = Optional.empty();
        refuse(refusal.get());
      }
    }

    private void refuse(String why) {
      refused = true;
      leaveRoom();
      tell(why);
    }

    private void leaveRoom() {
      name.ifPresent(it -> room.leave(it, this));
      name = Optional.empty();
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (unsent() >= config.outbox()) {
        sendNow(); // It may have read since its last turn.
      }
      if (unsent() >= config.outbox()) {
        return false;
      }
      byte[] bytes = line.getBytes(UTF_8);
      if (outbox.remaining() < bytes.length) {
        int needed = unsent() + bytes.length;
        outbox = ByteBuffer.allocate(needed + needed / 2).put(outbox.flip());
      }
      outbox.put(bytes);
      if (key.isValid()) {
        key.interestOpsOr(OP_WRITE);
      }
      return true;
    }

    private int unsent() {
      return outbox.position();
    }

    private void sendNow() {
      try {
        send();
      } catch (IOException _) {
        abort();
      }
    }

    private void send() throws IOException {
      if (unsent() > 0) {
        peer.write(outbox.flip());
        outbox = outbox.hasRemaining() ? outbox.compact() : Buffers.EMPTY;
      }
    }

    private void flush() throws IOException {
      send();
      if (unsent() == 0 && (endOfInput || refused)) {
        peer.shutdownOutput();
      }
      if (unsent() == 0 && endOfInput) {
        abort();
      } else {
        key.interestOps((endOfInput ? 0 : OP_READ) | (unsent() == 0 ? 0 : OP_WRITE));
      }
    }

    // end::outbox[]

    // tag::close[]
    @Override
    public void drop() {
      name = Optional.empty();
      refused = true;
      abort();
    }

    @Override
    public void abort() {
      Network.closeQuietly(peer);
      outbox = Buffers.EMPTY;
      refused = true; // Lines that it sent before, in the same read, are not taken for a name.
      leaveRoom();
      loop.closed(this);
    }

    @Override
    public void endInput() {
      endOfInput = true;
      leaveRoom();
      if (key.isValid()) { // Else it was dropped while another left.
        key.interestOps(OP_WRITE);
      }
    }
    // end::close[]
  }
}
