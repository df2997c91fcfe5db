package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Shows behaviour of the JDK that its documentation does not describe. A test fails as soon as the
 * JDK has changed: then correct docs/faults-upstream.md, and delete the workaround that it names.
 */
@Timeout(60)
class UpstreamFaultsTest {

  @Test
  void inAVirtualThreadTransferToReturnsZeroInsteadOfWaiting(@TempDir Path folder)
      throws Exception {
    // tag::transfer[]
    long length = 1L << 30; // more than the socket buffers can hold
    Path path = folder.resolve("file");
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    file.write(ByteBuffer.allocate(1), length - 1); // a sparse file
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (file;
        ServerSocketChannel listener = ServerSocketChannel.open().bind(any);
        SocketChannel client = SocketChannel.open(listener.getLocalAddress());
        SocketChannel peer = listener.accept()) {
      client.write(ByteBuffer.allocate(1)); // and then it does not read
      CompletableFuture<Long> last = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  peer.read(ByteBuffer.allocate(1)); // makes the descriptor non-blocking
                  long sent = file.transferTo(0, length, peer);
                  last.complete(file.transferTo(sent, length - sent, peer));
                } catch (Throwable e) {
                  last.completeExceptionally(e);
                }
              });
      assertThat(last.get()).isZero();
      assertThat(peer.isBlocking()).isTrue();
    }
    // end::transfer[]
  }
}
