package iomodels.vertx.programs;

import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Single;
import iomodels.program.LineTooLongException;
import iomodels.vertx.RxSocket;
import java.util.Optional;

/**
 * A conversation in which each line is a request, and requests are answered one at a time, in
 * order, with streams: {@code concatMapSingle} subscribes to an answer when the one before is
 * complete, and {@code concatMapCompletable} requests the next when that is sent. When the client
 * has gone, {@code mergeWith} disposes of all of it, and so of the pending answer.
 *
 * <p>Thread: the event loop of the client.
 */
final class RxLineConversation {

  /** Understands lines. */
  interface Parser {

    /**
     * Returns the answer, which is not computed before its turn; empty if the line is malformed.
     */
    Optional<Single<String>> parse(String line);
  }

  private record Reply(String text, boolean isLast) {}

  private final RxSocket client;
  private final Parser parser;
  private final String malformed;

  /**
   * Does nothing yet.
   *
   * @param malformed the answer to a line that is no request; the conversation then ends
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

  /** A line that is too long has its turn as well: those before it are answered first. */
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
