package iomodels.vertx.programs;

import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Single;
import iomodels.program.LineTooLongException;
import iomodels.vertx.RxSocket;
import java.util.Optional;

/**
 * A conversation in which each line is a request, with streams. It answers the requests one at a
 * time, in order. {@code concatMapSingle} subscribes to an answer when the previous one is
 * complete, and {@code concatMapCompletable} requests the next one when that is sent. When the
 * client disconnects, {@code mergeWith} disposes of the whole stream, including the pending answer.
 *
 * <p>Thread: the event loop of the client.
 */
final class RxLineConversation {

  /** Parses lines. */
  interface Parser {

    /** Returns the answer, which starts on subscription; empty if the line is malformed. */
    Optional<Single<String>> parse(String line);
  }

  private record Reply(String text, boolean isLast) {}

  private final RxSocket client;
  private final Parser parser;
  private final String malformed;

  /**
   * Creates a conversation; {@link #start} begins it.
   *
   * @param malformed answer to a malformed line, after which the conversation ends
   */
  RxLineConversation(RxSocket client, Parser parser, String malformed) {
    this.client = client;
    this.parser = parser;
    this.malformed = malformed;
  }

  // tag::answer[]
  void start() {
    client.endInputAtStop();
    var _ =
        replies()
            .concatMapCompletable(reply -> client.write(reply.text()), 1)
            .andThen(client.finish())
            .mergeWith(client.whenClosed())
            .subscribe(() -> {}, client::fail);
  }

  /** An overlong line is answered in its turn, after the lines before it. */
  private Flowable<Reply> replies() {
    return client
        .lines()
        .map(this::reply)
        .onErrorResumeNext(
            failure ->
                failure instanceof LineTooLongException
                    ? Flowable.just(last(LineTooLongException.ANSWER))
                    : Flowable.error(failure))
        .concatMapSingle(reply -> reply)
        .takeUntil(Reply::isLast);
  }

  private Single<Reply> reply(String line) {
    return parser
        .parse(line)
        .map(answer -> answer.map(text -> new Reply(text, false)))
        .orElse(last(malformed));
  }

  private static Single<Reply> last(String error) {
    return Single.just(new Reply(error, true));
  }
  // end::answer[]
}
