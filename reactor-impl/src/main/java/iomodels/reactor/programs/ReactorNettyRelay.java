package iomodels.reactor.programs;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOption;
import iomodels.program.ProgramConfig;
import iomodels.reactor.DuplexConnection;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import reactor.core.publisher.Mono;
import reactor.netty.tcp.TcpClient;

/**
 * Forwarder with two streams, one per direction. Each is written to the other connection as it is
 * read, followed by its end. {@code Mono.when} waits for both; if one fails, it cancels the other.
 * Back-pressure needs no code: the next buffer is requested when the previous one is written.
 *
 * <p>{@code SO_LINGER} is 0 (socket(7)) until both directions have ended. So closing a connection
 * early, because of an error, a cancel or the stop, resets it, and neither peer takes incomplete
 * data for complete. {@code usingWhen} closes the upstream in each of these cases, also if the
 * client disconnects while the upstream is still connecting.
 */
final class ReactorNettyRelay {

  private final TcpClient upstreams;

  private ReactorNettyRelay(ProgramConfig config, Loops loops) {
    upstreams =
        TcpClient.newConnection()
            .remoteAddress(config.upstreams()::getFirst)
            .runOn(loops)
            .doOnChannelInit(DuplexConnection::install)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(config.deadline().toMillis()))
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(ChannelOption.SO_LINGER, 0);
  }

  static Server start(ProgramConfig config, Transport transport) throws IOException {
    Loops loops = Loops.of(transport);
    ReactorNettyRelay relay = new ReactorNettyRelay(config, loops);
    return new ProgramHost(config, loops, (client, _) -> relay.serve(client));
  }

  // tag::accept[]
  private Mono<Void> serve(DuplexConnection client) {
    client.channel().config().setOption(ChannelOption.SO_LINGER, 0);
    return Mono.usingWhen(
        upstreams.connect().map(DuplexConnection::new),
        upstream -> relay(client, upstream),
        upstream -> close(client, upstream),
        (upstream, _) -> Mono.fromRunnable(upstream::close),
        upstream -> Mono.fromRunnable(upstream::close));
  }

  // end::accept[]

  // tag::relay[]
  private static Mono<Void> relay(DuplexConnection client, DuplexConnection upstream) {
    Mono<Void> both = Mono.when(carry(client, upstream), carry(upstream, client));
    return Mono.firstWithSignal(both, upstream.closed());
  }

  private static Mono<Void> carry(DuplexConnection from, DuplexConnection to) {
    return from.input()
        .map(ByteBuf::retain) // Writing releases it.
        .concatMap(bytes -> to.outbound().sendObject(bytes), 0)
        .doOnDiscard(ByteBuf.class, ByteBuf::release)
        .then(to.shutdownOutput());
  }

  // end::relay[]

  // tag::close[]
  /** Closes both connections with FIN, after both directions have ended. */
  private static Mono<Void> close(DuplexConnection client, DuplexConnection upstream) {
    return Mono.fromRunnable(
        () -> {
          client.closeByFin();
          upstream.closeByFin();
        });
  }
  // end::close[]
}
