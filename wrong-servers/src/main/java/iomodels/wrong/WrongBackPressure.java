package iomodels.wrong;

import static java.util.Objects.requireNonNull;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Wrong about clients that do not read: section 5. */
final class WrongBackPressure {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "reads-on-and-on",
              "5.01",
              "Queues what a client does not take, and reads on.",
              "it read all",
              WrongBackPressure::readsOnAndOn),
          WrongServer.of(
              "resumes-once",
              "5.02",
              "Forgets a client that has stopped reading for a while a second time.",
              "nothing came for",
              WrongBackPressure::resumesOnce),
          WrongServer.of(
              "reply-in-full",
              "5.03",
              "Makes a reply in full, up to 64 MiB of it, before it sends any.",
              "its memory grew by",
              WrongBackPressure::replyInFull),
          WrongServer.of(
              "one-lock-for-all-writes",
              "5.04",
              "Holds a lock while it writes, and all connections share it.",
              "nothing came for",
              WrongBackPressure::oneLockForAllWrites));

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
              it.said += it.channel.write(next);
            }
          }
        } catch (IOException | InterruptedException _) {
          // the client is gone, or has been told all
        }
      }

      @Override
      void say(Conversation it) throws InterruptedException {
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
      void say(Conversation it) throws IOException, InterruptedException {
        long start = System.nanoTime();
        super.say(it);
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
      void say(Conversation it) throws IOException, InterruptedException {
        ByteArrayOutputStream reply = replies.computeIfAbsent(it, _ -> new ByteArrayOutputStream());
        reply.write(it.out.array(), 0, it.out.limit());
        if (it.progress != Progress.OVERFLOW || reply.size() >= MAX_REPLY) {
          ByteBuffer whole = ByteBuffer.wrap(reply.toByteArray());
          reply.reset();
          while (whole.hasRemaining()) {
            it.said += it.channel.write(whole);
          }
        }
      }
    };
  }

  private static CorrectServer oneLockForAllWrites(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final ReentrantLock lock = new ReentrantLock();

      @Override
      void say(Conversation it) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
          super.say(it);
        } finally {
          lock.unlock();
        }
      }
    };
  }
}
