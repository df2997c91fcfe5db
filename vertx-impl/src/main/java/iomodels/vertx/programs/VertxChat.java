package iomodels.vertx.programs;

import io.vertx.core.buffer.Buffer;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.server.Server;
import iomodels.vertx.DuplexSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A room with handlers: it belongs to one event loop, and so do all its members; so there is no
 * lock. The outbox of a member is the write queue of its socket. What waits there is counted here:
 * {@code writeQueueFull} counts what a line takes besides its bytes, and stays true until half of
 * it is gone. A slow member does not pause those who write to it, as a pipe would, but is
 * disconnected.
 */
final class VertxChat {

  private final ProgramConfig config;
  private final Room room = new Room();

  private VertxChat(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    VertxChat chat = new VertxChat(config);
    return new ProgramHost(config, 1, _ -> client -> chat.new Client(client).start(), () -> {});
  }

  // end::accept[]

  private enum State {
    /** Its first line is its name. */
    NEWCOMER,
    MEMBER,
    /** It has ended, or was refused: its lines are not taken any more. */
    LEFT
  }

  /** A client; a member of the room once it has sent its name. */
  private final class Client implements Room.Member {

    private final DuplexSocket socket;
    private final LineReader lines = new LineReader();
    private State state = State.NEWCOMER;
    private String name = "";

    /** Bytes that were written and are not sent. */
    private int unsent;

    Client(DuplexSocket socket) {
      this.socket = socket;
    }

    // tag::converse[]
    void start() {
      socket
          .handler(this::received)
          .endHandler(_ -> finish())
          .shutdownHandler(_ -> socket.endInputWhenIdle(() -> true));
      socket.whenClosed().onComplete(_ -> leave());
    }

    private void received(Buffer chunk) {
      ByteBuffer bytes = ByteBuffer.wrap(chunk.getBytes());
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
    }

    private void take(String line) {
      if (state == State.MEMBER) {
        room.say(name, this, line);
        return;
      }
      name = line;
      state = State.MEMBER; // By now: if it is reset while it enters, it leaves.
      room.enter(name, this).ifPresent(this::refuse);
    }

    private void refuse(String error) {
      socket.write(error);
      finish();
    }

    /** The room ignores the name of another member, or of none. */
    private void leave() {
      state = State.LEFT;
      room.leave(name, this);
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (unsent >= config.outbox()) {
        return false;
      }
      Buffer bytes = Buffer.buffer(line);
      unsent += bytes.length();
      socket.write(bytes).onSuccess(_ -> unsent -= bytes.length());
      return true;
    }

    @Override
    public void drop() {
      state = State.LEFT;
      socket.close();
    }

    // end::outbox[]

    // tag::close[]
    /** Sends FIN behind all lines; input is discarded to the client's FIN, which closes. */
    private void finish() {
      if (state != State.LEFT) {
        leave();
        socket.end();
      }
    }
    // end::close[]
  }
}
