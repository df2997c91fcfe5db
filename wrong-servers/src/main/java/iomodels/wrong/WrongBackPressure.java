package iomodels.wrong;

import static java.util.Objects.requireNonNull;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Servers that break the rules on back-pressure: section 5. */
final class WrongBackPressure {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "reads-on-and-on",
              "5.01",
              "Queues the replies that the client does not read, and keeps reading.",
              "it read",
              WrongBackPressure::readsOnAndOn),
          WrongServer.of(
              "resumes-once",
              "5.02",
              "Stops serving a client that pauses reading for the second time.",
              "nothing came for",
              WrongBackPressure::resumesOnce),
          WrongServer.of(
              "reply-in-full",
              "5.03",
              "Builds a reply in memory, up to 64 MiB, before it sends the first byte.",
              "its memory grew by",
              WrongBackPressure::replyInFull),
          WrongServer.of(
              "replies-of-some-megabytes-in-full",
              "5.03",
              "Builds a reply of at most 16 MB in memory before it sends the first byte.",
              "128 clients that do not read",
              WrongBackPressure::repliesOfSomeMegabytesInFull),
          WrongServer.of(
              "reads-counts-ahead",
              "5.03",
              "Reads on, and keeps what it has read, while the client does not read its reply.",
              "counts without end",
              WrongBackPressure::readsCountsAhead),
          WrongServer.of(
              "one-lock-for-all-writes",
              "5.04",
              "Writes while it holds a lock that all connections share.",
              "nothing came for",
              WrongBackPressure::oneLockForAllWrites),
          WrongServer.of(
              "four-writers",
              "5.04",
              "Writes in four threads; a client that does not read occupies one.",
              "nothing came for",
              WrongBackPressure::fourWriters),
          WrongServer.of(
              "sixty-four-writers",
              "5.04",
              "Has 64 buffers for output; a client that does not read keeps one.",
              "nothing came for",
              WrongBackPressure::sixtyFourWriters),
          WrongServer.of(
              "waits-in-close",
              "5.04",
              "Sets SO_LINGER, and waits in close for a client that does not read, while it holds a"
                  + " lock that all connections share.",
              "beside a client that has sent FIN",
              WrongBackPressure::waitsInClose));

  private static final int QUEUED = 16 * 1024;
  private static final int MAX_REPLY = 64 << 20;
  private static final long A_WHILE = TimeUnit.MILLISECONDS.toNanos(200);

  private WrongBackPressure() {}

  private static CorrectServer readsOnAndOn(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, BlockingQueue<ByteBuffer>> queues = new ConcurrentHashMap<>();

      @Override
      void converse(Conversation it) throws IOException, InterruptedException {
        BlockingQueue<ByteBuffer> queue = new LinkedBlockingQueue<>(QUEUED);
        queues.put(it, queue);
        Thread writer = Thread.ofVirtual().start(() -> writeAll(it, queue));
        try {
          super.converse(it);
        } finally {
          queues.remove(it);
          writer.interrupt();
        }
      }

      private void writeAll(Conversation it, BlockingQueue<ByteBuffer> queue) {
        try {
          while (true) {
            ByteBuffer next = queue.take();
            while (next.hasRemaining()) {
              it.bytesSent += it.channel.write(next);
            }
          }
        } catch (IOException | InterruptedException _) {
          // the client has left, or everything has been sent
        }
      }

      @Override
      void send(Conversation it) throws InterruptedException {
        if (it.out.hasRemaining()) {
          requireNonNull(queues.get(it))
              .put(ByteBuffer.allocate(it.out.remaining()).put(it.out).flip());
        }
      }
    };
  }

  private static CorrectServer resumesOnce(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Boolean> stoppedOnce = new ConcurrentHashMap<>();

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        long start = System.nanoTime();
        super.send(it);
        if (System.nanoTime() - start > A_WHILE && stoppedOnce.put(it, true) != null) {
          while (listener.isOpen()) {
            TimeUnit.MILLISECONDS.sleep(20);
          }
        }
      }
    };
  }

  private static CorrectServer replyInFull(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, ByteArrayOutputStream> replies = new ConcurrentHashMap<>();

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        ByteArrayOutputStream reply = replies.computeIfAbsent(it, _ -> new ByteArrayOutputStream());
        reply.write(it.out.array(), 0, it.out.limit());
        if (it.progress != Progress.OVERFLOW || reply.size() >= MAX_REPLY) {
          ByteBuffer whole = ByteBuffer.wrap(reply.toByteArray());
          reply.reset();
          while (whole.hasRemaining()) {
            it.bytesSent += it.channel.write(whole);
          }
        }
      }
    };
  }

  private static CorrectServer repliesOfSomeMegabytesInFull(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, ByteArrayOutputStream> replies = new ConcurrentHashMap<>();

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        String text = new String(it.in.array(), 0, it.in.limit(), StandardCharsets.US_ASCII);
        if (service.equals(Services.FLOOD)
            && text.matches("[0-9]{1,13}\n")
            && Long.parseLong(text.strip()) <= 16_000_000) {
          replies.put(it, new ByteArrayOutputStream());
        }
        return received;
      }

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        ByteArrayOutputStream reply = replies.get(it);
        if (reply == null) {
          super.send(it);
          return;
        }
        reply.write(it.out.array(), 0, it.out.limit());
        if (it.progress != Progress.OVERFLOW) {
          replies.remove(it);
          it.out.position(it.out.limit());
          for (ByteBuffer whole = ByteBuffer.wrap(reply.toByteArray()); whole.hasRemaining(); ) {
            it.bytesSent += it.channel.write(whole);
          }
        }
      }
    };
  }

  private static CorrectServer readsCountsAhead(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Queue<ByteBuffer>> read = new ConcurrentHashMap<>();

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        if (!service.equals(Services.FLOOD)) {
          super.send(it);
          return;
        }
        it.channel.configureBlocking(false);
        while (it.out.hasRemaining()) {
          int n = it.channel.write(it.out);
          it.bytesSent += n;
          ByteBuffer more = ByteBuffer.allocate(Conversation.CAPACITY);
          if (n == 0 && it.channel.read(more) > 0) {
            read.computeIfAbsent(it, _ -> new ArrayDeque<>()).add(more.flip());
          } else if (n == 0) {
            pause();
          }
        }
        it.channel.configureBlocking(true);
      }

      @Override
      boolean receive(Conversation it) throws IOException {
        Queue<ByteBuffer> ahead = read.get(it);
        if (ahead == null || ahead.isEmpty()) {
          return super.receive(it);
        }
        it.in.clear().put(ahead.remove()).flip();
        return true;
      }
    };
  }

  private static CorrectServer oneLockForAllWrites(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final ReentrantLock lock = new ReentrantLock();

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
          super.send(it);
        } finally {
          lock.unlock();
        }
      }
    };
  }

  private static CorrectServer fourWriters(ServerConfig config, Service service)
      throws IOException {
    return limitsWriters(config, service, 4);
  }

  private static CorrectServer sixtyFourWriters(ServerConfig config, Service service)
      throws IOException {
    return limitsWriters(config, service, 64);
  }

  private static CorrectServer limitsWriters(ServerConfig config, Service service, int most)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Semaphore writers = new Semaphore(most);

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        writers.acquire();
        try {
          super.send(it);
        } finally {
          writers.release();
        }
      }
    };
  }

  private static CorrectServer waitsInClose(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Lock shared = new ReentrantLock();

      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        shared.lock();
        try {
          return super.advance(it, endOfInput);
        } finally {
          shared.unlock();
        }
      }

      @Override
      void finish(Conversation it) throws IOException {
        it.channel.setOption(StandardSocketOptions.SO_LINGER, 2);
        shared.lock();
        try {
          it.channel.close();
        } finally {
          shared.unlock();
        }
      }
    };
  }
}
