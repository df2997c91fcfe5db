package iomodels.vertx.programs;

import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.vertx.ConnectAttempt;
import iomodels.vertx.DuplexSocket;
import java.io.IOException;

/**
 * Forwarder with pipes. A {@code Pipe} of Vert.x reads from one socket and writes to the other. It
 * pauses the source while the write queue of the destination is full, and at the end of input it
 * ends the output. Both sockets use the same event loop, since the upstream is connected on the
 * event loop of the client. So their shared state needs no lock.
 */
final class VertxRelay {

  private final ProgramConfig config;
  private final NetClient upstreams;

  private VertxRelay(ProgramConfig config, Vertx vertx) {
    this.config = config;
    int timeout = Math.toIntExact(config.deadline().toMillis());
    upstreams = vertx.createNetClient(new NetClientOptions().setConnectTimeout(timeout));
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new ProgramHost(config, vertx -> new VertxRelay(config, vertx)::connect);
  }

  // end::accept[]

  // tag::connect[]
  private void connect(DuplexSocket client) {
    client.pause().shutdownHandler(_ -> client.resetAtClose()); // If it is still open then.
    ConnectAttempt attempt = new ConnectAttempt(upstreams, config.upstreams().getFirst());
    attempt.socket().onSuccess(upstream -> relay(client, upstream)).onFailure(_ -> client.reset());
    client.whenClosed().onFailure(_ -> attempt.cancel());
  }

  // end::connect[]

  // tag::relay[]
  private static void relay(DuplexSocket client, DuplexSocket upstream) {
    upstream.shutdownHandler(_ -> upstream.resetAtClose());
    carry(client, upstream);
    carry(upstream, client);
    resetTogether(client, upstream);
    resetTogether(upstream, client);
  }

  /** At the end of input the pipe ends the output with FIN; the other direction stays open. */
  private static void carry(DuplexSocket from, DuplexSocket to) {
    from.pipe().endOnFailure(false).to(to);
  }

  // end::relay[]

  // tag::close[]
  /**
   * A socket closes itself when both its directions have ended. If it is closed earlier, the other
   * socket is reset, so that its peer does not take incomplete data for complete.
   */
  private static void resetTogether(DuplexSocket socket, DuplexSocket other) {
    socket.whenClosed().onFailure(_ -> other.reset());
  }
  // end::close[]
}
