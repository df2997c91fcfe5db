package iomodels.examples;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.net.NetServer;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * Vert.x, as its documentation writes an echo server: a handler for each socket, which writes what
 * it is given. On the defaults: NIO, and one event loop, since no verticle is deployed. Only the
 * file cache is off: if the process is killed, the cache's folder remains in the temporary
 * directory.
 *
 * <p>What it loses: the client's FIN closes the socket, and with it goes what waits to be written;
 * a client that has sent 24 MB, and then its FIN, and reads late, got 4 to 5 MB of them (4.06). On
 * stop likewise (9.06). Nothing makes it wait for a client that does not read, so that it takes all
 * that such a client sends (5.01; a machine that is too slow to show it, shows it kept). Without
 * descriptors, clients were not served even when there were some again (8.04, seen once, on a busy
 * machine). A client that reads what it is owed before it ends loses nothing.
 */
final class VertxExample {

  private VertxExample() {}

  /** Serves until it is stopped. */
  static ExampleServer serve(InetSocketAddress address) throws IOException {
    FileSystemOptions files =
        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false);
    Vertx vertx = Vertx.vertx(new VertxOptions().setFileSystemOptions(files));
    NetServer server = vertx.createNetServer();
    server.connectHandler(
        socket ->
            socket.handler(buffer -> socket.write(Buffer.buffer(Ascii.upper(buffer.getBytes())))));
    try {
      server.listen(address.getPort(), address.getAddress().getHostAddress()).await();
    } catch (Exception e) {
      vertx.close().await();
      throw ExampleServer.refused(e);
    }
    return new ExampleServer(
        new InetSocketAddress(address.getAddress(), server.actualPort()),
        () -> vertx.close().await());
  }
}
