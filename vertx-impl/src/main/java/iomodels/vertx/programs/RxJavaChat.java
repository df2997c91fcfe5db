package iomodels.vertx.programs;

import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.processors.UnicastProcessor;
import io.vertx.core.buffer.Buffer;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.server.Server;
import iomodels.vertx.RxSocket;
import java.io.IOException;
import java.util.Optional;

/**
 * Chat room with streams. Each member has two: the lines that it sends, and the lines that it
 * receives, which the room puts into a processor. A processor is unbounded, so this class counts
 * the bytes in it. The room and all its members belong to one event loop, so no lock is needed.
 */
final class RxJavaChat {

  private final ProgramConfig config;
  private final Room room = new Room();

  private RxJavaChat(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    RxJavaChat chat = new RxJavaChat(config);
    return new ProgramHost(
        config, 1, _ -> client -> chat.new Client(new RxSocket(client)).start(), () -> {});
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

    private final RxSocket socket;
    private final UnicastProcessor<Buffer> outbox = UnicastProcessor.create();
    private State state = State.NEWCOMER;
    private String name = "";

    /** Number of bytes in the outbox, or written but not sent. */
    private int unsent;

    Client(RxSocket socket) {
      this.socket = socket;
    }

    // tag::converse[]
    void start() {
      socket.endInputAtStop();
      Completable input =
          socket
              .lines()
              .takeUntil(this::takeAndCheckLast)
              .ignoreElements()
              .onErrorComplete(this::isTooLong)
              .doFinally(this::leave)
              .andThen(Completable.fromAction(outbox::onComplete));
      Completable output = outbox.concatMapCompletable(this::send, 1);
      var _ =
          Completable.mergeArray(input, output)
              .andThen(socket.finish())
              .mergeWith(socket.whenClosed())
              .subscribe(() -> {}, socket::fail);
    }

    private boolean isTooLong(Throwable failure) {
      return failure instanceof LineTooLongException && tell(LineTooLongException.ANSWER);
    }

    /**
     * Handles a line. Returns whether it is the last one: the name was refused, or the member has
     * left.
     */
    private boolean takeAndCheckLast(String line) {
      switch (state) {
        case MEMBER -> room.say(name, this, line);
        case NEWCOMER -> {
          name = line;
          state = State.MEMBER; // Set first: if it is reset while it enters, it must leave.
          Optional<String> refusal = room.enter(name, this);
          refusal.ifPresent(this::tell);
          return refusal.isPresent();
        }
        case LEFT -> {}
      }
      return state == State.LEFT;
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
      outbox.onNext(bytes);
      return true;
    }

    private Completable send(Buffer bytes) {
      return socket.write(bytes).doOnComplete(() -> unsent -= bytes.length());
    }

    @Override
    public void drop() {
      state = State.LEFT;
      socket.close();
    }
    // end::outbox[]
  }
}
