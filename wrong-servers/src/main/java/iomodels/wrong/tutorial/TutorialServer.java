package iomodels.wrong.tutorial;

import iomodels.server.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/**
 * Runs a tutorial's server in a thread of its own, as it does not stop by itself. Stopping it is as
 * abrupt as Ctrl-C.
 */
final class TutorialServer implements Server {

  /** The code of a tutorial. */
  @FunctionalInterface
  interface Page {
    void serve(InetSocketAddress address, Consumer<ServerSocketChannel> listening)
        throws IOException;
  }

  private final CompletableFuture<ServerSocketChannel> listening = new CompletableFuture<>();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final Thread thread;
  private volatile boolean stopped;

  private TutorialServer(Page page, InetSocketAddress address) {
    thread = Thread.ofPlatform().daemon().name("tutorial").unstarted(() -> run(page, address));
  }

  /** Starts the server; returns when it listens. */
  static TutorialServer start(Page page, InetSocketAddress address) throws IOException {
    TutorialServer server = new TutorialServer(page, address);
    server.thread.start();
    try {
      server.listening.get();
      return server;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
    } catch (InterruptedException e) {
      server.close();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void run(Page page, InetSocketAddress address) {
    try {
      page.serve(address, listening::complete);
      terminated.complete(null);
    } catch (IOException | RuntimeException e) {
      listening.completeExceptionally(e);
      if (stopped) {
        terminated.complete(null);
      } else {
        terminated.completeExceptionally(e);
      }
    }
  }

  @Override
  public InetSocketAddress address() {
    return (InetSocketAddress) listening.join().socket().getLocalSocketAddress();
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated;
  }

  @Override
  public void close() {
    stopped = true;
    try {
      if (listening.isDone() && !listening.isCompletedExceptionally()) {
        listening.join().close();
      }
    } catch (IOException _) {
      // The descriptor is released even if close fails.
    }
    thread.interrupt(); // closes the channel on which the thread is blocked, or ends select()
    terminated.exceptionally(_ -> null).join();
  }
}
