package iomodels.wrong.tutorial;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The select server of the tutorials on I/O models. It remembers which sockets have sent data, and
 * answers with a constant. The interest set of a key replaces Python's {@code rlist} and {@code
 * wlist}.
 */
final class SelectTutorial {

  private SelectTutorial() {}

  /** Serves until an exception is thrown; calls {@code listening} once the socket is bound. */
  static void serve(InetSocketAddress address, Consumer<ServerSocketChannel> listening)
      throws IOException {
    Map<SelectionKey, byte[]> wdata = new HashMap<>();
    Selector select = Selector.open();
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.setOption(StandardSocketOptions.SO_REUSEADDR, false); // Python's default
      server.bind(address, 5).configureBlocking(false); // server.setblocking(False)
      server.register(select, SelectionKey.OP_ACCEPT); // rlist = [server]; wlist = []; wdata = {}
      listening.accept(server);
      while (server.isOpen()) {
        // tag::wait[]
        select.select(500); // rl, wl, xl = select.select(rlist, wlist, [], 0.5)
        // end::wait[]
        for (SelectionKey key : select.selectedKeys()) {
          if (key.isAcceptable()) { // if sock == server:
            // tag::accept[]
            SocketChannel conn = server.accept();
            conn.configureBlocking(false).register(select, SelectionKey.OP_READ);
            // end::accept[]
          } else if (key.isReadable()) {
            receive(key, wdata);
          }
          // tag::converse[]
          if (wdata.containsKey(key) && key.isValid() && key.isWritable()) { // for sock in wl:
            ((SocketChannel) key.channel()).write(ByteBuffer.wrap("dddddd".getBytes(US_ASCII)));
            key.interestOps(SelectionKey.OP_READ); // wlist.remove(sock)
            wdata.remove(key); // wdata.pop(sock)
          }
          // end::converse[]
        }
        select.selectedKeys().clear();
      }
    } finally {
      for (SelectionKey key : select.keys()) {
        key.channel().close(); // in Python, the end of the process closes them
      }
      select.close();
    }
  }

  // tag::converse[]
  private static void receive(SelectionKey key, Map<SelectionKey, byte[]> wdata)
      throws IOException {
    SocketChannel sock = (SocketChannel) key.channel();
    ByteBuffer data = ByteBuffer.allocate(1024);
    int n = -1;
    try {
      n = sock.read(data); // data = sock.recv(1024)
    } catch (IOException e) {
      // except Exception: treated as a close
    }
    if (n < 0) { // if not data:
      // tag::close[]
      sock.close();
      // end::close[]
    } else {
      wdata.put(key, data.array()); // wlist.append(sock); wdata[sock] = data
      key.interestOpsOr(SelectionKey.OP_WRITE);
    }
  }

  // end::converse[]
}
