package iomodels.examples;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.net.NetServer;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * The echo server of Vert.x's documentation: one handler per socket, which writes back what it
 * receives. It uses the defaults: NIO, and one event loop, since no verticle is deployed. Only the
 * file cache is off: if the process is killed, the cache's folder would remain in the temporary
 * directory.
 *
 * <p>The client's FIN closes the socket, and pending output is lost. A client that sent 24 MB and
 * then FIN, and read late, received 4 to 5 MB (4.06). The same happens on stop (9.06). The server
 * does not wait for a client that does not read, and takes all its input (5.01; on a slow machine
 * the kit may not detect this). Once, on a busy machine, clients were not served even after file
 * descriptors had become available again (8.04). A client that reads all replies before it sends
 * FIN loses nothing.
 */
final class VertxExample {

  private VertxExample() {}

  /** Creates an instance with the defaults, but without the file cache. */
  static Vertx vertx() {
    FileSystemOptions files =
        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false);
    return Vertx.vertx(new VertxOptions().setFileSystemOptions(files));
  }

  /** Starts to serve. */
  static ExampleServer serve(InetSocketAddress address) throws IOException {
    Vertx vertx = vertx();
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
