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
 * A chat room as state machines in one event loop, so it needs no lock. Lines that a member has not
 * read yet wait in its outbox, and {@code OP_WRITE} reports when the kernel has room for more.
 * Meanwhile the member's input is still read. To stop reading it would delay the members that wait
 * for its lines, but not the members that send to it. So there is no back-pressure; a member whose
 * outbox is full is disconnected.
 *
 * <p>Only {@link ProgramLoop} waits; nothing here blocks.
 */
final class SelectorChat {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-chat");
  private static final int BUFFER_SIZE = 2 * 1024;

  private final ProgramConfig config;
  private final Room room = new Room();
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE); // For all clients.

  private SelectorChat(ProgramConfig config) {
    this.config = config;
  }

  static Server start(ProgramConfig config) throws IOException {
    SelectorChat chat = new SelectorChat(config);
    return new ProgramLoop(config, "chat", (peer, loop) -> chat.new Client(peer, loop));
  }

  private enum State {
    /** Has not sent its name. */
    ENTERING,
    MEMBER,
    /** Has sent FIN, or has been refused: further input is discarded until the FIN. */
    LEFT
  }

  /** The state of a client, which a blocking thread would keep on its stack. */
  private final class Client implements ProgramLoop.Conversation, Room.Member, Runnable {

    private final SocketChannel peer;
    private final ProgramLoop loop;
    private final SelectionKey key;
    private final LineReader lines = new LineReader();

    private State state = State.ENTERING;
    private String name = "";

    /** Lines that have not been sent: the bytes up to the position. */
    private ByteBuffer outbox = Buffers.EMPTY;

    /** Whether the client's FIN has been read, or the server stops. */
    private boolean endOfInput;

    Client(SocketChannel peer, ProgramLoop loop) throws IOException {
      this.peer = peer;
      this.loop = loop;
      this.key = loop.register(peer, OP_READ, this);
    }

    // tag::converse[]
    @Override
    public void run() {
      if (!key.isValid()) {
        return; // Another client's turn has closed it.
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
        while (state != State.LEFT) {
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
      switch (state) {
        case ENTERING -> {
          name = line;
          state = State.MEMBER; // Before enter(), during which the client may disconnect.
          room.enter(line, this).ifPresent(this::refuse);
        }
        case MEMBER -> room.say(name, this, line);
        case LEFT -> {}
      }
    }

    private void refuse(String error) {
      leaveRoom();
      tell(error);
    }

    private void leaveRoom() {
      State before = state;
      state = State.LEFT;
      if (before == State.MEMBER) {
        room.leave(name, this);
      }
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (unsent() >= config.outbox()) {
        sendNow(); // The member may have read since its last turn.
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
      if (unsent() == 0 && state == State.LEFT) {
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
      abort();
    }

    @Override
    public void abort() {
      Network.closeQuietly(peer);
      outbox = Buffers.EMPTY;
      leaveRoom();
      loop.closed(this);
    }

    @Override
    public void endInput() {
      endOfInput = true;
      leaveRoom();
      if (key.isValid()) { // Else it was dropped while another member left.
        key.interestOps(OP_WRITE);
      }
    }
    // end::close[]
  }
}
