package iomodels.vertx.programs;

import io.reactivex.rxjava3.core.Completable;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.vertx.DuplexSocket;
import iomodels.vertx.RxSocket;
import java.io.IOException;

/**
 * Forwarder with two streams, one per direction. Each stream writes a chunk to the other socket
 * before it requests the next one, and passes on the end of input. Back-pressure needs no code:
 * {@code concatMapCompletable} requests a chunk when the previous one is sent. Nor does
 * cancellation: if one stream fails, {@code mergeArray} and {@code mergeWith} dispose of the
 * others.
 */
final class RxJavaRelay {

  private final ProgramConfig config;
  private final NetClient upstreams;

  private RxJavaRelay(ProgramConfig config, Vertx vertx) {
    this.config = config;
    int timeout = Math.toIntExact(config.deadline().toMillis());
    upstreams = vertx.createNetClient(new NetClientOptions().setConnectTimeout(timeout));
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new ProgramHost(config, vertx -> new RxJavaRelay(config, vertx)::accept);
  }

  private void accept(DuplexSocket socket) {
    socket.pause();
    RxSocket client = new RxSocket(socket);
    client.resetAtStop();
    var _ = relay(client).mergeWith(client.whenClosed()).subscribe(() -> {}, _ -> client.reset());
  }

  // end::accept[]

  // tag::connect[]
  private Completable relay(RxSocket client) {
    return RxSocket.connect(upstreams, config.upstreams().getFirst())
        .flatMapCompletable(upstream -> relay(client, upstream));
  }

  // end::connect[]

  // tag::relay[]
  /** A socket closes itself when both its directions have ended. */
  private static Completable relay(RxSocket client, RxSocket upstream) {
    upstream.resetAtStop();
    return Completable.mergeArray(
            carry(client, upstream), carry(upstream, client), upstream.whenClosed())
        .doOnError(_ -> upstream.reset())
        .doOnDispose(upstream::reset); // The client has disconnected.
  }

  private static Completable carry(RxSocket from, RxSocket to) {
    return from.input().concatMapCompletable(to::write, 1).andThen(to.end());
  }
  // end::relay[]
}
