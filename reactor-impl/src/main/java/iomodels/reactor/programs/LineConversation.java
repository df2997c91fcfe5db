package iomodels.reactor.programs;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.reactor.DuplexConnection;
import java.nio.ByteBuffer;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A conversation in lines. To answer them one at a time, in order, is what {@code concatMap} does;
 * it reads one request ahead, and then TCP flow control holds the client back.
 *
 * @param stop completes when the server stops
 */
record LineConversation(DuplexConnection client, Mono<Void> stop) {

  private static final int READ_AHEAD = 1;

  /** Understands lines. */
  interface Parser {

    /** The answer to a request; empty if the line is malformed. */
    Optional<Mono<String>> parse(String line);
  }

  private record Reply(String text, boolean isLast) {}

  // tag::read[]
  /**
   * Answers each line with a line.
   *
   * @param malformed the answer to a line that is no request; the conversation then ends
   */
  Mono<Void> answerEach(Parser parser, String malformed) {
    return lines()
        .map(line -> reply(parser.parse(line), malformed))
        // A request like others: those before it are answered first.
        .onErrorResume(
            LineTooLongException.class, _ -> Mono.just(refusal(LineTooLongException.ANSWER)))
        .concatMap(reply -> reply, READ_AHEAD)
        .takeUntil(Reply::isLast)
        .concatMap(reply -> send(reply.text()), 0)
        .then(finish());
  }

  private static Mono<Reply> reply(Optional<Mono<String>> answer, String malformed) {
    return answer
        .map(it -> it.map(text -> new Reply(text, false)))
        .orElseGet(() -> refusal(malformed));
  }

  private static Mono<Reply> refusal(String text) {
    return Mono.just(new Reply(text, true));
  }

  /** What the client says, until its FIN or the stop. */
  Flux<String> lines() {
    return lines(client.input().takeUntilOther(stop));
  }

  /** Lines; each buffer may have many, or none. Fails at one that is too long. */
  static Flux<String> lines(Flux<ByteBuf> input) {
    LineReader reader = new LineReader();
    return input
        .map(bytes -> ByteBuffer.wrap(ByteBufUtil.getBytes(bytes)))
        .concatMap(bytes -> lines(reader, bytes), READ_AHEAD);
  }

  private static Flux<String> lines(LineReader reader, ByteBuffer bytes) {
    return Flux.generate(
        sink -> {
          try {
            reader.next(bytes).ifPresentOrElse(sink::next, sink::complete);
          } catch (LineTooLongException e) {
            sink.error(e);
          }
        });
  }

  /** Completes when the text is written: a client that does not read delays that. */
  Mono<Void> send(String text) {
    return client.outbound().sendString(Mono.just(text)).then();
  }

  // end::read[]

  // tag::close[]
  /** Sends FIN and waits for the client's, but not for long while the server stops. */
  Mono<Void> finish() {
    return Mono.firstWithSignal(
        client.finish(), stop.then(Mono.delay(ProgramHost.LAST_READ)).then());
  }
  // end::close[]
}
