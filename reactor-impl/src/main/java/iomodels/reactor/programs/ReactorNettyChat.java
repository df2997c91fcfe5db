package iomodels.reactor.programs;

import io.netty.buffer.ByteBufUtil;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.reactor.DuplexConnection;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.util.Optional;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Chat room with two streams per member: the lines that it sends, and the lines that it receives.
 * The latter come from a sink, the outbox of the member, to which the room adds lines without
 * waiting. A sink counts elements, so this class counts the bytes in it. The room and all its
 * members belong to one event loop, so no lock is needed.
 */
final class ReactorNettyChat {

  private final ProgramConfig config;
  private final Room room = new Room();

  private ReactorNettyChat(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config, Transport transport) throws IOException {
    ReactorNettyChat chat = new ReactorNettyChat(config);
    return new ProgramHost(config, Loops.of(transport, 1), chat::converse);
  }

  private Mono<Void> converse(DuplexConnection client, Mono<Void> stop) {
    return new Client(client, new LineConversation(client, stop)).converse();
  }

  // end::accept[]

  private enum State {
    /** The next line is the client's name. */
    ENTERING,
    MEMBER,
    GONE
  }

  private final class Client implements Room.Member {

    private final DuplexConnection connection;
    private final LineConversation conversation;
    private final Sinks.Many<String> outbox =
        Sinks.unsafe().many().unicast().onBackpressureBuffer();
    private State state = State.ENTERING;
    private String name = "";

    /** Number of bytes in the outbox. */
    private int pending;

    Client(DuplexConnection connection, LineConversation conversation) {
      this.connection = connection;
      this.conversation = conversation;
    }

    // tag::converse[]
    Mono<Void> converse() {
      Mono<Void> listening =
          conversation
              .lines()
              .takeUntil(this::isLast)
              .then()
              .onErrorResume(
                  LineTooLongException.class,
                  _ -> Mono.fromRunnable(() -> tell(LineTooLongException.ANSWER)))
              .doFinally(_ -> leaveRoom())
              .then(Mono.fromRunnable(outbox::tryEmitComplete));
      Mono<Void> telling = outbox.asFlux().concatMap(this::send, 0).then();
      return Mono.when(listening, telling).then(conversation.finish());
    }

    private boolean isLast(String line) {
      switch (state) {
        case ENTERING -> enter(line);
        case MEMBER -> room.say(name, this, line);
        case GONE -> {}
      }
      return state == State.GONE;
    }

    private void enter(String wanted) {
      name = wanted;
      state = State.MEMBER; // Set first: if telling it fails, it must leave.
      Optional<String> refusal = room.enter(wanted, this);
      if (refusal.isPresent()) {
        state = State.GONE;
        tell(refusal.get());
      }
    }

    private void leaveRoom() {
      if (state == State.MEMBER) {
        state = State.GONE; // Set first: telling the others may fail and lead back here.
        room.leave(name, this);
      }
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (pending >= config.outbox()) {
        return false;
      }
      pending += length(line);
      outbox.tryEmitNext(line);
      return true;
    }

    private Mono<Void> send(String line) {
      return conversation.send(line).doOnSuccess(_ -> pending -= length(line));
    }

    private static int length(String line) {
      return ByteBufUtil.utf8Bytes(line);
    }

    @Override
    public void drop() {
      state = State.GONE;
      connection.close();
    }
    // end::outbox[]
  }
}
