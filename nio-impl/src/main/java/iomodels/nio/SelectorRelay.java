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
 * A forwarder as a state machine: a client and its upstream, with two directions, of which each
 * keeps what it has read and could not write. That is back-pressure: a direction with something
 * unsent is not registered for reading, and TCP flow control holds its sender back.
 *
 * <p>Where it waits: the loop in {@link ProgramLoop}; nothing here does.
 */
final class SelectorRelay {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-relay");
  private static final int BUFFER_SIZE = 16 * 1024;

  private final ProgramConfig config;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_SIZE); // The loop's.

  private SelectorRelay(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    SelectorRelay relay = new SelectorRelay(config);
    return new ProgramLoop(config, "relay", (client, loop) -> relay.open(client, loop));
  }

  /** If there is no descriptor for the upstream, the client waits for one. */
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
          loop.execute(this); // Later, like a failure: the loop does not know this pair yet.
        }
      } catch (IOException _) {
        loop.execute(this::abort);
      }
    }

    /** Reads ahead while it connects: only a read shows that the client has gone. */
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
        abort(); // One of the two has gone: what was relayed is not the whole.
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

    /** Nothing to do: which side ends a conversation, and when, is between client and upstream. */
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
  /** One direction, with what has been read but not written: a thread has it on its stack. */
  private final class Direction {

    private final SocketChannel from;
    private final SocketChannel to;
    private ByteBuffer unsent = Buffers.EMPTY;
    private boolean ended;
    private boolean finPassedOn;

    Direction(SocketChannel from, SocketChannel to) {
      this.from = from;
      this.to = to;
    }

    /** At most one read and one write, so that no pair delays the others for long. */
    void advance() throws IOException {
      if (unsent.hasRemaining()) {
        to.write(unsent);
      }
      if (!unsent.hasRemaining() && !ended) {
        ended = from.read(buffer.clear()) < 0;
        if (buffer.flip().hasRemaining()) {
          to.write(buffer);
        }
        unsent = retainRemainder(buffer);
      }
      if (ended && !unsent.hasRemaining() && !finPassedOn) {
        to.shutdownOutput();
        finPassedOn = true;
      }
    }

    /** Reads, while there is nowhere to write yet, up to a buffer. */
    void readAhead() throws IOException {
      if (hasRoom()) {
        ended = from.read(buffer.clear().put(unsent)) < 0;
        unsent = retainRemainder(buffer.flip());
      }
    }

    boolean hasRoom() {
      return !ended && unsent.capacity() < BUFFER_SIZE;
    }

    /** Not to read while there is something unsent is back-pressure. */
    int wants(int operation) {
      boolean wanted =
          operation == OP_WRITE ? unsent.hasRemaining() : !ended && !unsent.hasRemaining();
      return wanted ? operation : 0;
    }

    boolean isDone() {
      return finPassedOn;
    }
  }
  // end::relay[]
}
