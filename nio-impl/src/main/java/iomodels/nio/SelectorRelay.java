package iomodels.nio;

import static iomodels.nio.Buffers.retainRemainder;
import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * A TCP relay as state machines in one event loop. A client and its upstream have two directions;
 * each keeps the bytes that have been read and not yet written. While there are any, the direction
 * is not registered for reading, and TCP flow control slows the sender down: this is back-pressure.
 *
 * <p>Only {@link ProgramLoop} waits; nothing here blocks.
 */
final class SelectorRelay {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-relay");
  private static final int BUFFER_SIZE = 16 * 1024;

  private final ProgramConfig config;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_SIZE); // For all pairs.

  private SelectorRelay(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    SelectorRelay relay = new SelectorRelay(config);
    return new ProgramLoop(config, "relay", (client, loop) -> relay.open(client, loop));
  }

  /** Throws if there is no free descriptor for the upstream; the client then waits. */
  private Pair open(SocketChannel client, ProgramLoop loop) throws IOException {
    Pair pair = new Pair(client, SocketChannel.open(), loop);
    pair.connect();
    return pair;
  }

  // end::accept[]

  /** A client and its upstream. */
  private final class Pair implements ProgramLoop.Conversation, Runnable {

    private final SocketChannel client;
    private final SocketChannel upstream;
    private final ProgramLoop loop;
    private final Direction there;
    private final Direction back;
    private Optional<SelectionKey> clientKey = Optional.empty();
    private Optional<SelectionKey> upstreamKey = Optional.empty();
    private Optional<ProgramLoop.Timer> connectTimeout = Optional.empty();

    Pair(SocketChannel client, SocketChannel upstream, ProgramLoop loop) {
      this.client = client;
      this.upstream = upstream;
      this.loop = loop;
      there = new Direction(client, upstream);
      back = new Direction(upstream, client);
    }

    // tag::connect[]
    void connect() {
      try {
        upstream.setOption(TCP_NODELAY, true);
        clientKey = Optional.of(loop.register(client, OP_READ, this));
        upstreamKey = Optional.of(loop.register(upstream, OP_CONNECT, this));
        connectTimeout = Optional.of(loop.after(config.deadline(), this::abort));
        if (Network.with(config.upstreams().getFirst(), upstream::connect)) {
          loop.execute(this); // Later, since the loop does not know this pair yet.
        }
      } catch (IOException _) {
        loop.execute(this::abort);
      }
    }

    /** Reads ahead while it connects: only a read detects that the client has disconnected. */
    private boolean isConnected() throws IOException {
      if (!upstream.finishConnect()) {
        there.readAhead();
        clientKey.orElseThrow().interestOps(there.hasRoom() ? OP_READ : 0);
        return false;
      }
      connectTimeout.ifPresent(loop::cancel);
      connectTimeout = Optional.empty();
      return true;
    }

    // end::connect[]

    // tag::relay[]
    @Override
    public void run() {
      try {
        if (!isConnected()) {
          return;
        }
        there.advance();
        back.advance();
        if (there.isDone() && back.isDone()) {
          end();
        } else {
          clientKey.orElseThrow().interestOps(there.wants(OP_READ) | back.wants(OP_WRITE));
          upstreamKey.orElseThrow().interestOps(back.wants(OP_READ) | there.wants(OP_WRITE));
        }
      } catch (IOException _) {
        abort(); // One side has reset the connection; the other side is reset as well.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A relay failed.", e);
        abort();
      }
    }

    // end::relay[]

    // tag::close[]
    private void end() {
      Network.closeQuietly(client);
      Network.closeQuietly(upstream);
      loop.closed(this);
    }

    /** Does nothing: the client or the upstream ends the conversation. */
    @Override
    public void endInput() {}

    @Override
    public void abort() {
      connectTimeout.ifPresent(loop::cancel);
      Network.reset(client);
      Network.reset(upstream);
      loop.closed(this);
    }
    // end::close[]
  }

  // tag::relay[]
  private enum State {
    OPEN,
    /** FIN has been read. */
    ENDED,
    /** FIN has been forwarded, after all bytes. */
    DONE
  }

  /** The state of one direction, which a blocking thread would keep on its stack. */
  private final class Direction {

    private final SocketChannel from;
    private final SocketChannel to;
    private ByteBuffer unsent = Buffers.EMPTY;
    private State state = State.OPEN;

    Direction(SocketChannel from, SocketChannel to) {
      this.from = from;
      this.to = to;
    }

    /** Makes at most one read and two writes, so that no pair delays the others for long. */
    void advance() throws IOException {
      unsent = Buffers.write(to, unsent);
      if (state == State.OPEN && !unsent.hasRemaining()) {
        read(buffer.clear());
        unsent = Buffers.write(to, buffer.flip());
      }
      if (state == State.ENDED && !unsent.hasRemaining()) {
        to.shutdownOutput();
        state = State.DONE;
      }
    }

    /** Reads up to one buffer while the upstream is not connected yet. */
    void readAhead() throws IOException {
      if (hasRoom()) {
        read(buffer.clear().put(unsent));
        unsent = retainRemainder(buffer.flip());
      }
    }

    private void read(ByteBuffer into) throws IOException {
      if (from.read(into) < 0) {
        state = State.ENDED;
      }
    }

    boolean hasRoom() {
      return state == State.OPEN && unsent.capacity() < BUFFER_SIZE;
    }

    /** Does not want to read while there are unsent bytes: this is back-pressure. */
    int wants(int operation) {
      boolean isWanted =
          operation == OP_WRITE
              ? unsent.hasRemaining()
              : state == State.OPEN && !unsent.hasRemaining();
      return isWanted ? operation : 0;
    }

    boolean isDone() {
      return state == State.DONE;
    }
  }
  // end::relay[]
}
