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
 * A conversation in which each line is a request. {@code concatMap} answers the requests one at a
 * time, in order, and reads one request ahead. Further input stays in the kernel, and TCP flow
 * control slows the client down.
 *
 * @param stop completes when the server stops
 */
record LineConversation(DuplexConnection client, Mono<Void> stop) {

  private static final int READ_AHEAD = 1;

  /** Parses lines. */
  interface Parser {

    /** Returns the answer to a request; empty if the line is malformed. */
    Optional<Mono<String>> parse(String line);
  }

  private record Reply(String text, boolean isLast) {}

  // tag::read[]
  /**
   * Answers each line with a line.
   *
   * @param malformed answer to a malformed line, after which the conversation ends
   */
  Mono<Void> answerEach(Parser parser, String malformed) {
    return lines()
        .map(line -> reply(parser.parse(line), malformed))
        // An overlong line is answered in its turn, after the lines before it.
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

  /** Returns the lines that the client sends, until its FIN or the stop. */
  Flux<String> lines() {
    return lines(client.input().takeUntilOther(stop));
  }

  /**
   * Splits buffers into lines. A buffer may contain several, or none. Fails at an overlong line.
   */
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

  /** Sends a text. Completes when it is written; a client that does not read delays that. */
  Mono<Void> send(String text) {
    return client.outbound().sendString(Mono.just(text)).then();
  }

  // end::read[]

  // tag::close[]
  /**
   * Sends FIN and waits for the client's FIN; if the server stops, only for {@link
   * ProgramHost#LAST_READ}.
   */
  Mono<Void> finish() {
    return Mono.firstWithSignal(
        client.finish(), stop.then(Mono.delay(ProgramHost.LAST_READ)).then());
  }
  // end::close[]
}
