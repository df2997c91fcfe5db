package iomodels.wrong.program;

import static iomodels.program.Programs.OFFLOAD;

import iomodels.program.LineTooLongException;
import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Offload programs that break a rule: section 14. */
final class WrongOffloads {

  private static final String READ = "read ";

  static final List<WrongProgram> ALL =
      List.of(
          wrong(
              "offload-upper-case",
              "14.01",
              "Writes hashes in upper case.",
              "\"BA7816BF",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    String slowly(OffloadRequest.Task work)
                        throws IOException, InterruptedException {
                      return super.slowly(work).toUpperCase(Locale.ROOT);
                    }
                  }),
          wrong(
              "offload-forgets-the-rest",
              "14.02",
              "Processes the first line of a read, and drops the rest.",
              "\"error expected",
              WrongOffloads::forgetsTheRest),
          wrong(
              "offload-hangs-up-on-a-missing-file",
              "14.03",
              "Closes the connection when a file cannot be read.",
              "but got FIN",
              WrongOffloads::hangsUpOnAMissingFile),
          wrong(
              "offload-leaves-its-folder",
              "14.04",
              "Accepts any path as a name.",
              "\"error cannot",
              WrongOffloads::leavesItsFolder),
          wrong(
              "offload-requests-side-by-side",
              "14.05",
              "Starts each request as soon as it arrives.",
              "not to be read yet",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    void put(Conversation it, Request request) {
                      Thread.startVirtualThread(() -> answerNow(it, request));
                    }
                  }),
          wrong(
              "offload-takes-fin-for-hang-up",
              "14.06",
              "Shuts down its output at the client's FIN, before the pending answers.",
              "but got FIN",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    void finished(Conversation it) throws IOException {
                      it.client.shutdownOutput();
                    }
                  }),
          wrong(
              "offload-pings-stand-in-line",
              "14.07",
              "Answers pings in the worker threads.",
              "nothing came for",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    String done(OffloadRequest work) throws IOException, InterruptedException {
                      String answer =
                          work instanceof OffloadRequest.Ping
                              ? elsewhere(new OffloadRequest.Hash(1, ""))
                              : super.done(work);
                      return work instanceof OffloadRequest.Ping
                              && !answer.equals(OffloadRequest.BUSY)
                          ? OffloadRequest.PONG
                          : answer;
                    }
                  }),
          wrong(
              "offload-a-thread-for-each",
              "14.08",
              "Works in one thread per client, without a limit.",
              "not to be read yet",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    String elsewhere(OffloadRequest.Task work)
                        throws IOException, InterruptedException {
                      return slowly(work);
                    }
                  }),
          wrong(
              "offload-queues-all",
              "14.09",
              "Has an unbounded queue, and refuses nothing.",
              "but got no answer",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    BlockingQueue<Runnable> queue() {
                      return new LinkedBlockingQueue<>();
                    }
                  }),
          wrong(
              "offload-waits-for-a-place",
              "14.09",
              "Waits for a place in the queue instead of refusing the task.",
              "but got no answer",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    String refused(OffloadRequest.Task work)
                        throws IOException, InterruptedException {
                      pause();
                      return elsewhere(work);
                    }
                  }),
          wrong(
              "offload-keeps-places",
              "14.10",
              "Leaves the tasks of clients that have left in the queue.",
              "new tasks are still refused",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    void forget(FutureTask<String> task) {}
                  }),
          wrong(
              "offload-does-not-watch-its-client",
              "14.10",
              "Waits for the result, and does not notice that the client has left.",
              "new tasks are still refused",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    void gone(Thread answerer) {}
                  }),
          wrong(
              "offload-loses-what-comes-at-once",
              "14.11",
              "Offers requests to a bounded queue, and ignores the result.",
              "nothing came for",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    void put(Conversation it, Request request) {
                      var _ = it.requests.offer(request);
                    }
                  }),
          wrong(
              "offload-reads-ahead",
              "14.12",
              "Reads all input into an unbounded queue.",
              "more than it wrote",
              WrongOffloads::readsAhead),
          wrong(
              "offload-works-where-it-answers",
              "14.13",
              "Runs tasks in the thread that sends the answers, as on an event loop.",
              "a pong while hashes are computed for others",
              WrongOffloads::worksWhereItAnswers),
          wrong(
              "offload-keeps-files-open",
              "14.14",
              "Does not close the files that it has read.",
              "descriptors after all clients have left",
              WrongOffloads::keepsFilesOpen),
          wrong(
              "offload-waits-for-all-to-leave",
              "14.15",
              "Waits for its clients to leave for six times the grace period.",
              "it still runs",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    void dismiss(SocketChannel client) {}

                    @Override
                    Duration gracePeriod() {
                      return config.gracePeriod().multipliedBy(6);
                    }
                  }),
          wrong(
              "offload-works-on-for-the-gone",
              "14.16",
              "Removes the queued tasks of a client that has left, but does not cancel the running"
                  + " one.",
              "after the clients left whose workers were busy with reading a FIFO",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    void forget(FutureTask<String> task) {
                      remove(task);
                    }
                  }),
          wrong(
              "offload-hashes-on-for-the-gone",
              "14.16",
              "Computes a hash to its end, and checks for cancellation only afterwards.",
              "a hash that takes",
              WrongOffloads::hashesOnForTheGone),
          wrong(
              "offload-follows-links",
              "14.17",
              "Follows symbolic links in its folder.",
              "\"ba7816",
              WrongOffloads::followsLinks));

  private WrongOffloads() {}

  private static WrongProgram wrong(
      String name, String rule, String fault, String symptom, WrongProgram.Factory factory) {
    return new WrongProgram(name, OFFLOAD, rule, fault, symptom, WrongProgram.starting(factory));
  }

  private static CorrectProgram forgetsTheRest(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new Lines(client) {
          @Override
          Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
            Optional<String> line = super.next();
            in.position(in.limit());
            return line;
          }
        };
      }
    };
  }

  private static CorrectProgram hangsUpOnAMissingFile(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (work instanceof OffloadRequest.Read read) {
          Files.size(read.file());
        }
        return super.slowly(work);
      }
    };
  }

  private static CorrectProgram leavesItsFolder(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      Optional<Request> request(String line) {
        if (line.startsWith(READ)) {
          OffloadRequest read =
              new OffloadRequest.Read(config.folder().resolve(line.substring(READ.length())));
          return Optional.of(() -> done(read));
        }
        return super.request(line);
      }
    };
  }

  private static CorrectProgram readsAhead(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new ReadAhead(client);
      }
    };
  }

  /** Reads all input in a thread of its own. */
  private static final class ReadAhead extends Lines {

    private static final int CHUNK = 64 * 1024;
    private static final byte[] END = new byte[0];

    private final BlockingQueue<byte[]> chunks = new LinkedBlockingQueue<>();
    private ByteBuffer chunk = ByteBuffer.allocate(0);

    ReadAhead(SocketChannel client) {
      super(client);
      Thread.startVirtualThread(this::readAll);
    }

    private void readAll() {
      ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
      try {
        while (channel.read(buffer.clear()) >= 0) {
          byte[] bytes = new byte[buffer.flip().remaining()];
          buffer.get(bytes);
          chunks.add(bytes);
        }
      } catch (IOException _) {
        // an error ends the input too
      }
      chunks.add(END);
    }

    @Override
    boolean receive() throws InterruptedException {
      if (!chunk.hasRemaining()) {
        byte[] next = chunks.take();
        if (next.length == 0) {
          chunks.add(END);
          return false;
        }
        chunk = ByteBuffer.wrap(next);
      }
      in.clear();
      int n = Math.min(in.capacity(), chunk.remaining());
      in.put(chunk.slice(chunk.position(), n)).flip();
      chunk.position(chunk.position() + n);
      return true;
    }
  }

  private static CorrectProgram worksWhereItAnswers(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      private final Lock loop = new ReentrantLock(true);

      @Override
      String answer(Request request) throws IOException, InterruptedException {
        loop.lockInterruptibly();
        try {
          return super.answer(request);
        } finally {
          loop.unlock();
        }
      }
    };
  }

  private static CorrectProgram keepsFilesOpen(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      private final Queue<InputStream> files = new ConcurrentLinkedQueue<>();

      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (work instanceof OffloadRequest.Read read && Files.exists(read.file())) {
          files.add(Files.newInputStream(read.file()));
        }
        return super.slowly(work);
      }

      @Override
      void stop() {
        super.stop();
        files.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  private static CorrectProgram followsLinks(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (work instanceof OffloadRequest.Read read && Files.isSymbolicLink(read.file())) {
          return super.slowly(new OffloadRequest.Read(Files.readSymbolicLink(read.file())));
        }
        return super.slowly(work);
      }
    };
  }

  private static CorrectProgram hashesOnForTheGone(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Hash)) {
          return super.slowly(work);
        }
        FutureTask<String> hash = new FutureTask<>(work::answer);
        Thread worker = Thread.ofPlatform().daemon().start(hash);
        while (worker.isAlive()) {
          var _ = Thread.interrupted(); // ignores the cancellation
          pause();
        }
        return hash.resultNow();
      }
    };
  }
}
