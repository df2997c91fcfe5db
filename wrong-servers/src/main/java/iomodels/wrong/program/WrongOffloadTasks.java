package iomodels.wrong.program;

import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/** Offload programs that run, count or cancel tasks in a wrong way. */
final class WrongOffloadTasks {

  private static final int GRACE_PERIODS = 6;

  /** The client from which a thread reads. */
  private static final ThreadLocal<SocketChannel> READING = new ThreadLocal<>();

  private WrongOffloadTasks() {}

  private static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes)) + "\n";
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  static CorrectProgram remembersTexts(ProgramConfig config) throws IOException {
    Map<String, String> hashes = new ConcurrentHashMap<>();
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Hash hash)) {
          return super.slowly(work);
        }
        String known = hashes.get(hash.text());
        String answer = known == null ? super.slowly(work) : known;
        hashes.put(hash.text(), answer);
        return answer;
      }
    };
  }

  static CorrectProgram remembersFiles(ProgramConfig config) throws IOException {
    Map<Path, String> hashes = new ConcurrentHashMap<>();
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Read read)) {
          return super.slowly(work);
        }
        String known = hashes.get(read.file());
        String answer = known == null ? super.slowly(work) : known;
        hashes.put(read.file(), answer);
        return answer;
      }
    };
  }

  /** Reads a file with one call, which returns 8,192 bytes at most. */
  static CorrectProgram readsOnce(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Read read) || !Files.isRegularFile(read.file())) {
          return super.slowly(work);
        }
        return once(read.file());
      }
    };
  }

  /** Takes what one read of a FIFO returns for the whole. */
  static CorrectProgram readsAFifoOnce(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Read read)
            || !Files.exists(read.file())
            || Files.isRegularFile(read.file())) {
          return super.slowly(work);
        }
        return once(read.file());
      }
    };
  }

  static CorrectProgram readsWhatAPipeHolds(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Read read)
            || !Files.exists(read.file())
            || Files.isRegularFile(read.file())
            || Files.isDirectory(read.file())) {
          return super.slowly(work);
        }
        try (InputStream in = Files.newInputStream(read.file())) {
          return sha256(in.readNBytes(OffloadRequest.CHUNK));
        }
      }
    };
  }

  private static String once(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file)) {
      ByteBuffer chunk = ByteBuffer.allocate(8 * 1024);
      in.read(chunk);
      byte[] bytes = new byte[chunk.flip().remaining()];
      chunk.get(bytes);
      return sha256(bytes);
    }
  }

  static CorrectProgram takesAFolderForAnEmptyFile(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        return work instanceof OffloadRequest.Read read && Files.isDirectory(read.file())
            ? sha256(new byte[0])
            : super.slowly(work);
      }
    };
  }

  static CorrectProgram failsAtALongName(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (work instanceof OffloadRequest.Read read
            && read.file().getFileName().toString().length() > 255) {
          throw new IOException("File name too long");
        }
        return super.slowly(work);
      }
    };
  }

  static CorrectProgram dropsTheWaitingAtFin(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      void finished(Conversation it) {
        for (Runnable each : List.copyOf(pool.getQueue())) {
          remove(each);
        }
      }
    };
  }

  static CorrectProgram pingsNeedAPlace(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String done(OffloadRequest work) throws IOException, InterruptedException {
        return work instanceof OffloadRequest.Ping && pool.getQueue().remainingCapacity() == 0
            ? OffloadRequest.BUSY
            : super.done(work);
      }
    };
  }

  static CorrectProgram refusesLate(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String refused(OffloadRequest.Task work) throws IOException, InterruptedException {
        TimeUnit.MILLISECONDS.sleep(400);
        return super.refused(work);
      }
    };
  }

  static CorrectProgram closesAfterARefusal(ProgramConfig config) throws IOException {
    ThreadLocal<Boolean> refused = ThreadLocal.withInitial(() -> false);
    return new CorrectOffload(config) {
      @Override
      String refused(OffloadRequest.Task work) throws IOException, InterruptedException {
        refused.set(true);
        return super.refused(work);
      }

      @Override
      String answer(Request request) throws IOException, InterruptedException {
        if (refused.get()) {
          throw new IOException("The client has been refused.");
        }
        return super.answer(request);
      }
    };
  }

  /** Each of eight loops runs the tasks of its own clients. */
  static CorrectProgram worksOnItsLoops(ProgramConfig config) throws IOException {
    List<Lock> loops = Stream.generate(() -> (Lock) new ReentrantLock(true)).limit(8).toList();
    AtomicInteger clients = new AtomicInteger();
    ThreadLocal<Lock> own =
        ThreadLocal.withInitial(() -> loops.get(clients.getAndIncrement() % loops.size()));
    return new CorrectOffload(config) {
      @Override
      String answer(Request request) throws IOException, InterruptedException {
        Lock loop = own.get();
        loop.lockInterruptibly();
        try {
          return super.answer(request);
        } finally {
          loop.unlock();
        }
      }
    };
  }

  static CorrectProgram keepsFifosOpen(ProgramConfig config) throws IOException {
    Queue<Closeable> open = new ConcurrentLinkedQueue<>();
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        try {
          return super.slowly(work);
        } catch (InterruptedException e) {
          if (work instanceof OffloadRequest.Read read) {
            open.add(
                FileChannel.open(read.file(), StandardOpenOption.READ, StandardOpenOption.WRITE));
          }
          throw e;
        }
      }

      @Override
      void stop() {
        super.stop();
        open.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  static CorrectProgram leavesThreads(ProgramConfig config) throws IOException {
    CountDownLatch end = new CountDownLatch(1);
    return new CorrectOffload(config) {
      @Override
      String refused(OffloadRequest.Task work) throws IOException, InterruptedException {
        Thread.ofPlatform().daemon().start(() -> awaitUninterruptibly(end));
        return super.refused(work);
      }

      @Override
      void stop() {
        super.stop();
        end.countDown();
      }
    };
  }

  private static void awaitUninterruptibly(CountDownLatch end) {
    try {
      end.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  static CorrectProgram waitsForItsTasks(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      void forget(FutureTask<String> task) {}

      @Override
      void stop() {
        pool.shutdown();
        try {
          var _ =
              pool.awaitTermination(
                  GRACE_PERIODS * config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
        super.stop();
      }
    };
  }

  /** Cancels the task of a client that has left, and begins its next one. */
  static CorrectProgram goesOnWithTheNext(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String answer(Request request) throws IOException {
        try {
          return super.answer(request);
        } catch (InterruptedException _) {
          return "";
        }
      }
    };
  }

  static CorrectProgram comparesPrefixes(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (work instanceof OffloadRequest.Read read && Files.isRegularFile(read.file())) {
          Path real = read.file().toRealPath();
          if (real.toString().startsWith(config.folder().toRealPath().toString())) {
            return sha256(Files.readAllBytes(real));
          }
        }
        return super.slowly(work);
      }
    };
  }

  static CorrectProgram followsNoLinks(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        return work instanceof OffloadRequest.Read read && Files.isSymbolicLink(read.file())
            ? "error cannot read %s\n".formatted(read.file().getFileName())
            : super.slowly(work);
      }
    };
  }

  /** Of the answers, only those to tasks are kept in memory. */
  static CorrectProgram keepsAnswersToTasks(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      private final Map<SocketChannel, ExecutorService> senders = new ConcurrentHashMap<>();

      @Override
      Lines lines(SocketChannel client) {
        READING.set(client);
        return super.lines(client);
      }

      @Override
      Optional<Request> request(String line) {
        SocketChannel client = READING.get();
        return super.request(line).map(it -> () -> sendLater(client, it.answer()));
      }

      private String sendLater(SocketChannel client, String answer) {
        if (answer.equals(OffloadRequest.PONG)) {
          return answer;
        }
        senders
            .computeIfAbsent(
                client, _ -> Executors.newSingleThreadExecutor(Thread.ofVirtual().factory()))
            .execute(() -> send(client, answer));
        return "";
      }

      private void send(SocketChannel client, String answer) {
        try {
          writeFully(client, answer);
        } catch (IOException _) {
          closeQuietly(client);
        }
      }

      @Override
      void end(SocketChannel client) {
        ExecutorService sender = senders.remove(client);
        if (sender != null) {
          sender.shutdown();
        }
        super.end(client);
      }
    };
  }

  /** The worker is free only when the answer has been sent. */
  static CorrectProgram sendsFromItsWorkers(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      Lines lines(SocketChannel client) {
        READING.set(client);
        return super.lines(client);
      }

      @Override
      Optional<Request> request(String line) {
        SocketChannel client = READING.get();
        return OffloadRequest.parse(line, this.config.folder())
            .map(
                it ->
                    it instanceof OffloadRequest.Task work
                        ? () -> elsewhere(work, client)
                        : () -> done(it));
      }

      private String elsewhere(OffloadRequest.Task work, SocketChannel client)
          throws IOException, InterruptedException {
        FutureTask<String> task =
            new FutureTask<>(
                () -> {
                  writeFully(client, slowly(work));
                  return "";
                });
        try {
          pool.execute(task);
          return task.get();
        } catch (RejectedExecutionException _) {
          return refused(work);
        } catch (ExecutionException e) {
          throw new IOException(e.getCause());
        } finally {
          forget(task);
        }
      }
    };
  }

  static CorrectProgram hashesUnderALock(ProgramConfig config) throws IOException {
    Lock lock = new ReentrantLock(true);
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Hash)) {
          return super.slowly(work);
        }
        lock.lockInterruptibly();
        try {
          return super.slowly(work);
        } finally {
          lock.unlock();
        }
      }
    };
  }

  static CorrectProgram hasOneWorker(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      {
        pool.setCorePoolSize(1);
        pool.setMaximumPoolSize(1);
      }
    };
  }

  static CorrectProgram servesTheLastFirst(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      BlockingQueue<Runnable> queue() {
        return new Stack(config.queue());
      }
    };
  }

  private static final class Stack extends LinkedBlockingDeque<Runnable> {

    private static final long serialVersionUID = 1L;

    Stack(int capacity) {
      super(capacity);
    }

    @Override
    public boolean offer(Runnable task) {
      return offerFirst(task);
    }
  }

  static CorrectProgram servesShortHashesFirst(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      BlockingQueue<Runnable> queue() {
        return new ShortestFirst(config.queue());
      }

      @Override
      FutureTask<String> task(OffloadRequest.Task work) {
        return new Ranked(
            work instanceof OffloadRequest.Hash hash ? hash.times() : 0, () -> slowly(work));
      }
    };
  }

  /** A hash with the number of times that it is computed. */
  private static final class Ranked extends FutureTask<String> {

    private final int times;

    Ranked(int times, Callable<String> work) {
      super(work);
      this.times = times;
    }
  }

  private static final class ShortestFirst extends PriorityBlockingQueue<Runnable> {

    private static final long serialVersionUID = 1L;

    private final int capacity;

    ShortestFirst(int capacity) {
      super(capacity, Comparator.comparingInt(it -> ((Ranked) it).times));
      this.capacity = capacity;
    }

    @Override
    public synchronized boolean offer(Runnable task) {
      return size() < capacity && super.offer(task);
    }
  }

  /** Counts the tasks itself; a subclass forgets to subtract some. */
  private abstract static class Counting extends CorrectOffload {

    final Semaphore places;

    Counting(ProgramConfig config) throws IOException {
      super(config);
      places = new Semaphore(config.workers() + config.queue());
    }

    @Override
    String elsewhere(OffloadRequest.Task work) throws IOException, InterruptedException {
      if (!places.tryAcquire()) {
        return refused(work);
      }
      boolean release = true;
      try {
        String answer = super.elsewhere(work);
        release = isReleased(answer);
        return answer;
      } catch (InterruptedException e) {
        release = isReleasedByTheGone();
        throw e;
      } finally {
        if (release) {
          places.release();
        }
      }
    }

    /** Whether the place of a task with this answer is given back. */
    abstract boolean isReleased(String answer);

    /** Whether the place of a client that has left is given back. */
    abstract boolean isReleasedByTheGone();
  }

  static CorrectProgram losesAPlaceAtEachFailure(ProgramConfig config) throws IOException {
    return new Counting(config) {
      @Override
      boolean isReleased(String answer) {
        return !answer.startsWith("error");
      }

      @Override
      boolean isReleasedByTheGone() {
        return true;
      }
    };
  }

  static CorrectProgram losesThePlacesOfTheGone(ProgramConfig config) throws IOException {
    return new Counting(config) {
      @Override
      boolean isReleased(String answer) {
        return true;
      }

      @Override
      boolean isReleasedByTheGone() {
        return false;
      }
    };
  }

  /** Gives back a worker for each waiting task that is cancelled. */
  static CorrectProgram gainsWorkers(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      void forget(FutureTask<String> task) {
        if (pool.remove(task)) {
          pool.setMaximumPoolSize(pool.getMaximumPoolSize() + 1);
          pool.setCorePoolSize(pool.getMaximumPoolSize());
        }
        super.forget(task);
      }
    };
  }

  static CorrectProgram sharesADigest(ProgramConfig config) throws IOException {
    MessageDigest shared = digest();
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Hash hash)) {
          return super.slowly(work);
        }
        byte[] bytes = hash.text().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (int i = 0; i < hash.times(); i++) {
          bytes = shared.digest(bytes);
        }
        return HexFormat.of().formatHex(bytes) + "\n";
      }
    };
  }

  /** Sends the result of a client that has left to the one that came last. */
  static CorrectProgram answersTheNextClient(ProgramConfig config) throws IOException {
    AtomicReference<SocketChannel> newest = new AtomicReference<>();
    return new CorrectOffload(config) {
      @Override
      Lines lines(SocketChannel client) {
        newest.set(client);
        return super.lines(client);
      }

      @Override
      String elsewhere(OffloadRequest.Task work) throws IOException, InterruptedException {
        try {
          return super.elsewhere(work);
        } catch (InterruptedException e) {
          Thread.ofPlatform().daemon().start(() -> answerNewest(work));
          throw e;
        }
      }

      private void answerNewest(OffloadRequest.Task work) {
        try {
          writeFully(newest.get(), work.answer());
        } catch (IOException | InterruptedException _) {
          // That client has left as well.
        }
      }
    };
  }

  /** Opens a FIFO in a thread of its own, which stays if no writer comes. */
  static CorrectProgram waitsForAWriter(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String slowly(OffloadRequest.Task work) throws IOException, InterruptedException {
        if (!(work instanceof OffloadRequest.Read read) || !Files.exists(read.file())) {
          return super.slowly(work);
        }
        FutureTask<FileChannel> opening = new FutureTask<>(() -> FileChannel.open(read.file()));
        Thread.ofPlatform().daemon().start(opening);
        try (FileChannel _ = opening.get(5, TimeUnit.SECONDS)) {
          return super.slowly(work);
        } catch (TimeoutException | ExecutionException _) {
          return "error cannot read %s\n".formatted(read.file().getFileName());
        }
      }
    };
  }

  static CorrectProgram givesUpAfter(ProgramConfig config, Duration limit) throws IOException {
    return new CorrectOffload(config) {
      @Override
      String elsewhere(OffloadRequest.Task work) throws IOException, InterruptedException {
        FutureTask<String> task = new FutureTask<>(() -> slowly(work));
        try {
          pool.execute(task);
          return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException _) {
          return refused(work);
        } catch (TimeoutException _) {
          return refused(work);
        } catch (ExecutionException e) {
          throw new IOException(e.getCause());
        } finally {
          forget(task);
        }
      }
    };
  }
}
