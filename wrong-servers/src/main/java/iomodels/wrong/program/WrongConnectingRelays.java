package iomodels.wrong.program;

import static java.net.StandardSocketOptions.TCP_NODELAY;

import iomodels.program.ProgramConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** Relays that handle in a wrong way what a client does while they connect to the upstream. */
final class WrongConnectingRelays {

  private WrongConnectingRelays() {}

  /** Connects without blocking, and reads meanwhile what the client sends, up to one buffer. */
  private static class ReadingAhead extends CorrectRelay {

    ReadingAhead(ProgramConfig config) throws IOException {
      super(config);
    }

    @Override
    final void serve(SocketChannel client) throws IOException, InterruptedException {
      ByteBuffer early = buffer();
      SocketChannel upstream = SocketChannel.open();
      try {
        connect(client, upstream, early);
      } catch (IOException _) {
        closeQuietly(upstream);
        refused(client);
        return;
      }
      try {
        connected(new Pair(client, upstream, new ReentrantLock(), new ReentrantLock()), early);
      } finally {
        endUpstream(upstream);
      }
    }

    private void connect(SocketChannel client, SocketChannel upstream, ByteBuffer early)
        throws IOException, InterruptedException {
      long deadline = System.nanoTime() + connectTimeout().toNanos();
      client.configureBlocking(false);
      upstream.configureBlocking(false);
      upstream.setOption(TCP_NODELAY, true);
      boolean connected = upstream.connect(config.upstreams().getFirst());
      while (!connected) {
        if (System.nanoTime() - deadline > 0) {
          throw new SocketTimeoutException();
        }
        deadline = readAhead(client, early, deadline);
        Thread.sleep(1);
        connected = upstream.finishConnect();
      }
      upstream.configureBlocking(true);
      client.configureBlocking(true);
    }

    /** Reads what has arrived, and returns the deadline. */
    long readAhead(SocketChannel client, ByteBuffer early, long deadline) throws IOException {
      if (early.hasRemaining()) {
        client.read(early);
      }
      return deadline;
    }

    /** Called when the upstream has accepted. */
    void connected(Pair it, ByteBuffer early) throws IOException, InterruptedException {
      writeFully(it.upstream(), early.flip());
      relay(it);
    }
  }

  static CorrectProgram renewsTheDeadline(ProgramConfig config) throws IOException {
    return new ReadingAhead(config) {
      @Override
      long readAhead(SocketChannel client, ByteBuffer early, long deadline) throws IOException {
        int before = early.position();
        super.readAhead(client, early, deadline);
        return early.position() > before
            ? System.nanoTime() + connectTimeout().toNanos()
            : deadline;
      }
    };
  }

  static CorrectProgram sharesATimer(ProgramConfig config) throws IOException {
    return new ReadingAhead(config) {
      private volatile long latest;

      @Override
      Duration connectTimeout() {
        Duration timeout = super.connectTimeout();
        latest = System.nanoTime() + timeout.toNanos();
        return timeout;
      }

      @Override
      long readAhead(SocketChannel client, ByteBuffer early, long deadline) throws IOException {
        super.readAhead(client, early, deadline);
        return latest;
      }
    };
  }

  static CorrectProgram readsAllWhileItConnects(ProgramConfig config) throws IOException {
    return new ReadingAhead(config) {
      private final Map<SocketChannel, ByteArrayOutputStream> all = new ConcurrentHashMap<>();

      @Override
      long readAhead(SocketChannel client, ByteBuffer early, long deadline) throws IOException {
        ByteArrayOutputStream held = all.computeIfAbsent(client, _ -> new ByteArrayOutputStream());
        while (client.read(early) > 0) {
          byte[] chunk = new byte[early.flip().remaining()];
          early.get(chunk);
          held.writeBytes(chunk);
          early.clear();
        }
        return deadline;
      }

      @Override
      void connected(Pair it, ByteBuffer early) throws IOException, InterruptedException {
        ByteArrayOutputStream held = all.remove(it.client());
        if (held != null) {
          writeFully(it.upstream(), ByteBuffer.wrap(held.toByteArray()));
        }
        super.connected(it, early);
      }

      @Override
      void end(SocketChannel client) {
        all.remove(client);
        super.end(client);
      }
    };
  }

  static CorrectProgram takesAnEarlyFinForALeave(ProgramConfig config) throws IOException {
    return new ReadingAhead(config) {
      @Override
      long readAhead(SocketChannel client, ByteBuffer early, long deadline) throws IOException {
        if (client.read(early) < 0 && early.position() == 0) {
          client.close(); // Reading again fails.
        }
        return deadline;
      }
    };
  }

  /** A relay that connects to the end for a client that has reset. */
  private abstract static class MissingTheReset extends ReadingAhead {

    private final Set<SocketChannel> gone = ConcurrentHashMap.newKeySet();

    MissingTheReset(ProgramConfig config) throws IOException {
      super(config);
    }

    @Override
    final long readAhead(SocketChannel client, ByteBuffer early, long deadline) {
      try {
        return gone.contains(client) ? deadline : super.readAhead(client, early, deadline);
      } catch (IOException _) {
        gone.add(client);
        return deadline;
      }
    }

    @Override
    final void connected(Pair it, ByteBuffer early) throws IOException, InterruptedException {
      if (gone.remove(it.client())) {
        connectedForNobody(it.upstream(), early);
      } else {
        super.connected(it, early);
      }
    }

    abstract void connectedForNobody(SocketChannel upstream, ByteBuffer early) throws IOException;
  }

  static CorrectProgram finForAnEarlyReset(ProgramConfig config) throws IOException {
    return new MissingTheReset(config) {
      @Override
      void connectedForNobody(SocketChannel upstream, ByteBuffer early) throws IOException {
        writeFully(upstream, early.flip());
      }
    };
  }

  static CorrectProgram keepsTheUpstreamOfAnEarlyReset(ProgramConfig config) throws IOException {
    return new MissingTheReset(config) {
      private final Set<SocketChannel> kept = ConcurrentHashMap.newKeySet();

      @Override
      void connectedForNobody(SocketChannel upstream, ByteBuffer early) {
        kept.add(upstream);
      }

      @Override
      void endUpstream(SocketChannel upstream) {
        if (!kept.contains(upstream)) {
          super.endUpstream(upstream);
        }
      }

      @Override
      void stop() {
        kept.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  static CorrectProgram finForAnEarlyEnd(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      void refused(SocketChannel client) {
        if (hasFinished(client, true)) {
          closeQuietly(client);
        } else {
          super.refused(client);
        }
      }
    };
  }

  static CorrectProgram keepsAClientThatHasFinished(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Set<SocketChannel> kept = ConcurrentHashMap.newKeySet();

      @Override
      void refused(SocketChannel client) {
        if (hasFinished(client, false)) {
          kept.add(client);
        } else {
          super.refused(client);
        }
      }

      @Override
      void end(SocketChannel client) {
        if (!kept.contains(client)) {
          super.end(client);
        }
      }

      @Override
      void stop() {
        kept.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  /** Returns whether a client has sent FIN, behind data or without any. */
  private static boolean hasFinished(SocketChannel client, boolean behindData) {
    ByteBuffer data = ByteBuffer.allocate(CorrectRelay.BUFFER_SIZE);
    try {
      client.configureBlocking(false);
      int taken = client.read(data);
      while (taken > 0) {
        taken = client.read(data);
      }
      return taken < 0 && behindData == data.position() > 0;
    } catch (IOException _) {
      return false;
    }
  }
}
