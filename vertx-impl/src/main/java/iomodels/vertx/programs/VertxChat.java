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
 * Chat room with handlers. The room and all its members belong to one event loop, so no lock is
 * needed. The outbox of a member is the write queue of its socket. This class counts the bytes in
 * it, since {@code writeQueueFull} also counts the overhead of each line, and stays true until half
 * of the queue is sent. A slow member is disconnected; it does not pause the other members, as a
 * pipe would.
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
    /** The next line is the client's name. */
    NEWCOMER,
    MEMBER,
    /** The client has left or was refused; further lines are ignored. */
    LEFT
  }

  /** A client; a member of the room once it has sent its name. */
  private final class Client implements Room.Member {

    private final DuplexSocket socket;
    private final LineReader lines = new LineReader();
    private State state = State.NEWCOMER;
    private String name = "";

    /** Number of bytes that are written but not sent. */
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
      state = State.MEMBER; // Set first: if it is reset while it enters, it must leave.
      room.enter(name, this).ifPresent(this::refuse);
    }

    private void refuse(String error) {
      socket.write(error);
      finish();
    }

    /** The room ignores the call if this client is not the member with that name. */
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
    /**
     * Sends FIN after all lines. Input is discarded until the client's FIN, which closes the
     * socket.
     */
    private void finish() {
      if (state != State.LEFT) {
        leave();
        socket.end();
      }
    }
    // end::close[]
  }
}
