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
              "but got BA7816BF",
              config ->
                  new CorrectOffload(config) {
                    @Override
                    String slowly(OffloadRequest.Task work)
                        throws IOException, InterruptedException {
                      return super.slowly(work).toUpperCase(Locale.ROOT);
                    }
                  }),
          wrong(
              "offload-strips-texts",
              "14.01",
              "Strips blanks from the ends of a text.",
              "in answer to \"hash ",
              WrongOffloadLines::stripsTexts),
          wrong(
              "offload-ends-texts-at-nul",
              "14.01",
              "Takes NUL for the end of a text, as C does.",
              "in answer to \"hash ",
              WrongOffloadLines::endsTextsAtNul),
          wrong(
              "offload-hashes-ascii-only",
              "14.01",
              "Replaces characters outside ASCII with question marks.",
              "in answer to \"hash ",
              WrongOffloadLines::dropsWhatIsNotAscii),
          wrong(
              "offload-remembers-texts",
              "14.01",
              "Remembers the hash of a text, whatever the number of times.",
              "in answer to \"hash ",
              WrongOffloadTasks::remembersTexts),
          wrong(
              "offload-refuses-the-largest-number",
              "14.01",
              "Compares the number with < instead of <=.",
              "10,000,000 to be a permitted number",
              WrongOffloadLines::refusesTheLargestNumber),
          wrong(
              "offload-counts-the-cr",
              "14.01",
              "Counts the CR before the LF towards the limit of a line.",
              "but got error line too long",
              WrongOffloadLines::countsTheCr),
          wrong(
              "offload-drops-every-cr",
              "14.01",
              "Drops every CR at the end of a line.",
              "in answer to \"hash 2 ends with CR",
              WrongOffloadLines::dropsEveryCr),
          wrong(
              "offload-reads-once",
              "14.01",
              "Reads the first 8,192 bytes of a file only.",
              "in answer to \"read ",
              WrongOffloadTasks::readsOnce),
          wrong(
              "offload-reads-what-a-pipe-holds",
              "14.01",
              "Reads 65,536 bytes of a FIFO at most.",
              "a FIFO whose writer writes",
              WrongOffloadTasks::readsWhatAPipeHolds),
          wrong(
              "offload-remembers-files",
              "14.01",
              "Remembers the hash of a file, even if the file has changed.",
              "in answer to \"read some-file_1.bin",
              WrongOffloadTasks::remembersFiles),
          wrong(
              "offload-forgets-the-rest",
              "14.02",
              "Processes the first line of a read, and drops the rest.",
              "\"error expected",
              WrongOffloads::forgetsTheRest),
          wrong(
              "offload-decodes-each-read",
              "14.02",
              "Decodes each read by itself, which breaks characters that arrive in two pieces.",
              "in answer to \"hash 2 \\xC3",
              WrongOffloadLines::decodesEachRead),
          wrong(
              "offload-hangs-up-on-a-missing-file",
              "14.03",
              "Closes the connection when a file cannot be read.",
              "but got FIN",
              WrongOffloads::hangsUpOnAMissingFile),
          wrong(
              "offload-takes-a-folder-for-an-empty-file",
              "14.03",
              "Answers with the hash of nothing when the name is that of a folder.",
              "in answer to \"read folder",
              WrongOffloadTasks::takesAFolderForAnEmptyFile),
          wrong(
              "offload-fails-at-a-long-name",
              "14.03",
              "Handles ENOENT, but not ENAMETOOLONG.",
              "the answer to \"read nnn",
              WrongOffloadTasks::failsAtALongName),
          wrong(
              "offload-leaves-its-folder",
              "14.04",
              "Accepts any path as a name.",
              "error expected ping, hash or read in answer to",
              WrongOffloads::leavesItsFolder),
          wrong(
              "offload-permits-signs",
              "14.04",
              "Parses the number with a function that accepts a plus sign.",
              "in answer to \"hash +1 x",
              WrongOffloadLines::permitsSigns),
          wrong(
              "offload-permits-any-digits",
              "14.04",
              "Accepts every digit of Unicode, as \\d and isDigit do in some languages.",
              "in answer to \"hash \\xD9",
              WrongOffloadLines::permitsAnyDigits),
          wrong(
              "offload-splits-at-blanks",
              "14.04",
              "Strips a line and splits it at any number of blanks and tabs.",
              "in answer to \"",
              WrongOffloadLines::splitsAtBlanks),
          wrong(
              "offload-ignores-case",
              "14.04",
              "Ignores the case of ping and hash.",
              "in answer to \"PING",
              WrongOffloadLines::ignoresCase),
          wrong(
              "offload-wraps-numbers",
              "14.04",
              "Parses the number into 32 bits, where it wraps around.",
              "in answer to \"hash ",
              WrongOffloadLines::wrapsNumbers),
          wrong(
              "offload-takes-zeros-for-octal",
              "14.04",
              "Takes a number with a leading zero for an octal one.",
              "in answer to \"hash 010 x",
              WrongOffloadLines::takesZerosForOctal),
          wrong(
              "offload-counts-characters",
              "14.04",
              "Limits the characters of a line instead of its bytes.",
              "error line too long in answer to",
              WrongOffloadLines::countsCharacters),
          wrong(
              "offload-refuses-before-it-answers",
              "14.04",
              "Sends the error line at once, before the answer to an earlier request.",
              "expected silence for",
              WrongOffloadLines::refusesBeforeItAnswers),
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
              "offload-drops-the-waiting-at-fin",
              "14.06",
              "Removes waiting tasks from the queue when their client has finished sending.",
              "nothing came for",
              WrongOffloadTasks::dropsTheWaitingAtFin),
          wrong(
              "offload-pings-stand-in-line",
              "14.07",
              "Answers pings in the worker threads.",
              "\"error\"",
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
              "offload-pings-need-a-place",
              "14.07",
              "Refuses pings, too, while the queue is full.",
              "\"error\"",
              WrongOffloadTasks::pingsNeedAPlace),
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
              "no answer",
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
              "no answer",
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
              "offload-refuses-late",
              "14.09",
              "Waits 400 ms for a place before it refuses a task.",
              "a refusal while the queue is full",
              WrongOffloadTasks::refusesLate),
          wrong(
              "offload-closes-after-a-refusal",
              "14.09",
              "Closes the connection after it has refused a task.",
              "but got FIN",
              WrongOffloadTasks::closesAfterARefusal),
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
              "offload-keeps-second-places",
              "14.10",
              "Removes the waiting task of a client that has left only if it was its first"
                  + " request.",
              "whose second of three requests waits",
              WrongOffloadLeavers::keepsSecondPlaces),
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
              "offload-keeps-answers-to-tasks",
              "14.12",
              "Sends answers to tasks from an unbounded queue.",
              "more than it wrote",
              WrongOffloadTasks::keepsAnswersToTasks),
          wrong(
              "offload-waits-for-more-after-a-block",
              "14.12",
              "Reads on while it cannot send, and handles what it has read only when more arrives.",
              "of a client that reads when the program has read everything",
              WrongOffloadLines::waitsForMoreAfterABlock),
          wrong(
              "offload-works-where-it-answers",
              "14.13",
              "Runs tasks in the thread that sends the answers, as on an event loop.",
              "a pong while hashes are computed for others",
              WrongOffloads::worksWhereItAnswers),
          wrong(
              "offload-works-on-its-loops",
              "14.13",
              "Has eight event loops, each of which runs the tasks of its own clients.",
              "for each of 16 clients",
              WrongOffloadTasks::worksOnItsLoops),
          wrong(
              "offload-keeps-files-open",
              "14.14",
              "Does not close the files that it has read.",
              "descriptors after all clients have left",
              WrongOffloads::keepsFilesOpen),
          wrong(
              "offload-keeps-fifos-open",
              "14.14",
              "Does not close a FIFO whose client has left.",
              "descriptors after all clients have left",
              WrongOffloadTasks::keepsFifosOpen),
          wrong(
              "offload-leaves-threads",
              "14.14",
              "Leaves a thread behind for each task that it has refused.",
              "threads after all clients have left",
              WrongOffloadTasks::leavesThreads),
          wrong(
              "offload-keeps-refused-files-open",
              "14.14",
              "Opens what a link leads to, and does not close it if it is outside the folder.",
              "descriptors after all clients have left",
              WrongOffloadLeavers::keepsTargetsOpen),
          wrong(
              "offload-leaves-the-unread-open",
              "14.14",
              "Does not close the connection if an answer cannot be sent while reading is paused.",
              "clients that reset without having read their answers",
              WrongOffloadLeavers::leavesTheUnreadOpen),
          wrong(
              "offload-logs-every-reset",
              "14.14",
              NoisyPrograms.FAULT,
              NoisyPrograms.SYMPTOM,
              NoisyPrograms::offload),
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
              "offload-waits-for-its-tasks",
              "14.15",
              "Waits for the running tasks, which may never end.",
              "it still runs",
              WrongOffloadTasks::waitsForItsTasks),
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
              "offload-goes-on-with-the-next",
              "14.16",
              "Cancels the task of a client that has left, and begins its next one.",
              "not to be read yet",
              WrongOffloadTasks::goesOnWithTheNext),
          wrong(
              "offload-ignores-failed-writes",
              "14.16",
              "Ignores that an answer cannot be sent, and begins the next request.",
              "after a client left by FIN and RST",
              WrongOffloadLeavers::ignoresFailedWrites),
          wrong(
              "offload-watches-the-first-request",
              "14.16",
              "Notices that a client has left only during its first request.",
              "the second of three requests",
              WrongOffloadLeavers::watchesTheFirstRequest),
          wrong(
              "offload-follows-links",
              "14.17",
              "Follows symbolic links in its folder.",
              "in answer to \"read ",
              WrongOffloads::followsLinks),
          wrong(
              "offload-compares-prefixes",
              "14.17",
              "Compares paths as strings, so a folder whose name begins alike counts as inside.",
              "in answer to \"read chain",
              WrongOffloadTasks::comparesPrefixes),
          wrong(
              "offload-follows-no-links",
              "14.17",
              "Follows no link, not even one to a file in the folder.",
              "in answer to \"read inside",
              WrongOffloadTasks::followsNoLinks),
          wrong(
              "offload-hashes-under-a-lock",
              "14.18",
              "Computes hashes under one lock.",
              "a short hash beside one of another client",
              WrongOffloadTasks::hashesUnderALock),
          wrong(
              "offload-has-one-worker",
              "14.18",
              "Has one worker instead of two.",
              "a second task, while a worker reads",
              WrongOffloadTasks::hasOneWorker),
          wrong(
              "offload-serves-the-last-first",
              "14.19",
              "Uses a stack as its queue.",
              "the one that came after it began",
              WrongOffloadTasks::servesTheLastFirst),
          wrong(
              "offload-serves-short-hashes-first",
              "14.19",
              "Begins the waiting hash with the smallest number first.",
              "before a short one that came after it",
              WrongOffloadTasks::servesShortHashesFirst),
          wrong(
              "offload-loses-a-place-at-each-failure",
              "14.20",
              "Does not give a place back when a file cannot be read.",
              "but got error busy",
              WrongOffloadTasks::losesAPlaceAtEachFailure),
          wrong(
              "offload-loses-the-places-of-the-gone",
              "14.20",
              "Does not give a place back when a client has left.",
              "after clients that left while their tasks ran",
              WrongOffloadTasks::losesThePlacesOfTheGone),
          wrong(
              "offload-gains-workers",
              "14.20",
              "Gives back a worker for a waiting task, which had none.",
              "no more than 2 tasks to run at a time",
              WrongOffloadTasks::gainsWorkers),
          wrong(
              "offload-shares-a-digest",
              "14.21",
              "Lets all workers share one MessageDigest.",
              "\"hash ",
              WrongOffloadTasks::sharesADigest),
          wrong(
              "offload-answers-the-next-client",
              "14.21",
              "Sends the result of a client that has left to the client that came last.",
              "after others left during their tasks",
              WrongOffloadTasks::answersTheNextClient),
          wrong(
              "offload-cancels-running-equals",
              "14.21",
              "Finds the running task of a client that has left by its text, which another client"
                  + " has sent, too.",
              "a client that asked for the same",
              WrongOffloadLeavers::cancelsRunningEquals),
          wrong(
              "offload-removes-waiting-equals",
              "14.21",
              "Removes the first task from the queue that is equal to that of a client that has"
                  + " left.",
              "a client that asked for the same",
              WrongOffloadLeavers::removesWaitingEquals),
          wrong(
              "offload-reads-a-fifo-once",
              "14.22",
              "Takes the first bytes of a FIFO for the whole file.",
              "a client whose file comes slowly",
              WrongOffloadTasks::readsAFifoOnce),
          wrong(
              "offload-gives-up-on-slow-tasks",
              "14.22",
              "Gives up on a task after a second.",
              "a client whose file comes slowly",
              config -> WrongOffloadTasks.givesUpAfter(config, Duration.ofSeconds(1))),
          wrong(
              "offload-is-busy-after-three-seconds",
              "14.22",
              "Answers a task that takes longer than three seconds as if it were busy.",
              "a client whose file comes slowly",
              config -> WrongOffloadTasks.givesUpAfter(config, Duration.ofSeconds(3))),
          wrong(
              "offload-is-busy-after-nine-seconds",
              "14.22",
              "Answers a task that takes longer than nine seconds as if it were busy.",
              "a client whose file comes slowly",
              config -> WrongOffloadTasks.givesUpAfter(config, Duration.ofSeconds(9))),
          wrong(
              "offload-waits-five-seconds-for-a-writer",
              "14.22",
              "Gives up on a FIFO that no writer has opened for five seconds.",
              "a client whose FIFO nobody writes to",
              WrongOffloadTasks::waitsForAWriter),
          wrong(
              "offload-drops-silent-clients",
              "14.22",
              "Closes a connection on which nothing has come for a second.",
              "but got FIN",
              WrongOffloadLines::dropsSilentClients),
          wrong(
              "offload-answers-half-a-request",
              "14.23",
              "Takes what follows the last LF for a request.",
              "without LF",
              WrongOffloadLines::answersHalfARequest),
          wrong(
              "offload-serves-two-hundred",
              "14.24",
              "Serves 200 clients at a time, and lets the others wait.",
              "connected clients",
              WrongOffloadLines::servesTwoHundred),
          wrong(
              "offload-sends-from-its-workers",
              "14.25",
              "Lets a worker send the answer.",
              "do not read their answers",
              WrongOffloadTasks::sendsFromItsWorkers));

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
