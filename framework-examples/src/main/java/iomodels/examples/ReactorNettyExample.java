package iomodels.examples;

import java.io.IOException;
import java.net.InetSocketAddress;
import reactor.netty.ChannelBindException;
import reactor.netty.DisposableServer;
import reactor.netty.tcp.TcpServer;

/**
 * Reactor Netty, as its documentation writes an echo server: what is received, turned into what is
 * sent. On the defaults: its global event loops, on the first native transport that it finds.
 *
 * <p>Demand flows back, so that it keeps 5.01, and a slow reader that half-closes has lost nothing
 * here. What it loses: a reply whose request comes together with the client's FIN, which closes the
 * channel before the reply is flushed; of 100 such replies of 100 bytes, 96 were lost (4.06). On
 * stop it loses all that it still owes (9.06). It has been seen to spin when descriptors run out
 * (8.04, seen once, on a busy machine).
 */
final class ReactorNettyExample {

  private ReactorNettyExample() {}

  /** Serves until it is stopped. */
  static ExampleServer serve(InetSocketAddress address) throws IOException {
    TcpServer server =
        TcpServer.create()
            .host(address.getAddress().getHostAddress())
            .port(address.getPort())
            .handle((in, out) -> out.send(in.receive().retain().map(Ascii::upper)));
    try {
      DisposableServer listening = server.bindNow();
      return new ExampleServer((InetSocketAddress) listening.address(), listening::disposeNow);
    } catch (ChannelBindException e) {
      throw ExampleServer.refused(e);
    }
  }
}
