package iomodels.wrong.program;

import static iomodels.program.Programs.CHAT;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Chat programs that break a rule: section 13. */
final class WrongChats {

  private static final int PLACES = 200;

  static final List<WrongProgram> ALL =
      List.of(
          wrong(
              "chat-tells-who-joins",
              "13.01",
              "Sends a newcomer its own join message.",
              "\"* zoe joined",
              WrongChats::tellsWhoJoins),
          wrong(
              "chat-takes-a-read-for-a-line",
              "13.02",
              "Treats the result of one read as a complete line.",
              "bob: hello",
              WrongChats::takesAReadForALine),
          wrong(
              "chat-asks-for-another-name",
              "13.03",
              "Leaves the connection open after it has refused a name.",
              "* you are hello",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean asksAgain() {
                      return true;
                    }
                  }),
          wrong(
              "chat-tells-the-speaker-too",
              "13.04",
              "Sends a member its own lines.",
              "(0x6",
              WrongChats::tellsTheSpeakerToo),
          wrong(
              "chat-says-the-last-first",
              "13.04",
              "Sends the lines of one read in reverse order, as a recursive delivery can.",
              "expected what ann said, in order",
              WrongChats::saysTheLastFirst),
          wrong(
              "chat-keeps-who-was-reset",
              "13.05",
              "Removes a member at its FIN, but not when a read fails.",
              "nothing came for",
              config ->
                  new CorrectChat(config) {
                    @Override
                    void lost(Guest it) {}
                  }),
          wrong(
              "chat-keeps-names",
              "13.05",
              "Does not release the names of members who have left.",
              "\"error bob is taken",
              WrongChats::keepsNames),
          wrong(
              "chat-leaves-the-finished-open",
              "13.06",
              "Leaves the connection open after the client's FIN.",
              "expected FIN within",
              config ->
                  new CorrectChat(config) {
                    @Override
                    void finish(Guest it) {}
                  }),
          wrong(
              "chat-hangs-up-on-babblers",
              "13.07",
              "Closes without an error line when a line is too long.",
              "but got FIN",
              config ->
                  new CorrectChat(config) {
                    @Override
                    void lineTooLong(Guest it) {}
                  }),
          wrong(
              "chat-keeps-one-line",
              "13.08",
              "Disconnects a member if the previous line is still being written when the next one"
                  + " arrives.",
              "but got FIN",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean tell(Guest it, String line) {
                      return it.queuedBytes.get() == 0 && put(it, line);
                    }
                  }),
          wrong(
              "chat-writes-under-the-lock",
              "13.09",
              "Has no outbox: writes to each member while it holds the room's lock.",
              "nothing came for",
              WrongChats::writesUnderTheLock),
          wrong(
              "chat-keeps-all",
              "13.10",
              "Queues unread lines without a bound.",
              "it was not dropped",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean tell(Guest it, String line) {
                      return put(it, line);
                    }
                  }),
          wrong(
              "chat-drops-lines",
              "13.10",
              "Drops lines when the outbox is full, instead of the member.",
              "it was not dropped",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean tell(Guest it, String line) {
                      var _ = super.tell(it, line);
                      return true;
                    }
                  }),
          wrong(
              "chat-has-a-pool",
              "13.11",
              "Has a fixed pool of %d threads, and needs one for each connection."
                  .formatted(PLACES),
              "nothing came for",
              WrongChats::hasAPool),
          wrong(
              "chat-finishes-and-does-not-close",
              "13.12",
              "Shuts down its output to members who have left, but does not close the connection.",
              "descriptors after all clients have left",
              config ->
                  new CorrectChat(config) {
                    @Override
                    void end(SocketChannel client) {}
                  }),
          wrong(
              "chat-waits-for-all-to-leave",
              "13.13",
              "Waits for its clients to leave for six times the grace period.",
              "it still runs",
              config ->
                  new CorrectChat(config) {
                    @Override
                    void dismiss(SocketChannel client) {}

                    @Override
                    Duration gracePeriod() {
                      return config.gracePeriod().multipliedBy(6);
                    }
                  }),
          wrong(
              "chat-keeps-a-closed-newcomer",
              "13.14",
              "Closes the connection if the welcome cannot be written, but keeps the member in the"
                  + " room.",
              "expected a room with only ann",
              WrongChats::keepsAClosedNewcomer),
          wrong(
              "chat-loses-departures",
              "13.15",
              "Queues up to eight departures, and loses the others.",
              "that reset have left",
              WrongChats::losesDepartures),
          wrong(
              "chat-interrupts-a-line",
              "13.16",
              "Announces a departure in the middle of a line: some members see it before the line,"
                  + " others after it.",
              "the same order of events for all members",
              WrongChats::interruptsALine),
          wrong(
              "chat-closes-a-minute-later",
              "13.17",
              "Keeps a socket open for a minute after each client has left.",
              "descriptors after all clients have left",
              WrongChats::closesMuchLater));

  /** Long enough for a reset to be noticed on a busy machine. */
  private static final long RESET_NANOS = Duration.ofMillis(500).toNanos();

  private WrongChats() {}

  private static WrongProgram wrong(
      String name, String rule, String fault, String symptom, WrongProgram.Factory factory) {
    return new WrongProgram(name, CHAT, rule, fault, symptom, WrongProgram.starting(factory));
  }

  private static CorrectProgram tellsWhoJoins(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      Optional<String> enter(Room room, Guest it) {
        Optional<String> refusal = super.enter(room, it);
        if (refusal.isEmpty()) {
          it.tell("* %s joined\n".formatted(it.name));
        }
        return refusal;
      }
    };
  }

  private static CorrectProgram takesAReadForALine(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new Lines(client) {
          private boolean named;

          @Override
          Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
            if (!named) {
              named = true;
              return super.next();
            }
            if (!in.hasRemaining() && !receive()) {
              return Optional.empty();
            }
            return Optional.of(UTF_8.decode(in).toString().strip());
          }
        };
      }
    };
  }

  private static CorrectProgram tellsTheSpeakerToo(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void say(Room room, Guest it, String line) {
        super.say(room, it, line);
        it.tell("%s: %s\n".formatted(it.name, line));
      }
    };
  }

  private static CorrectProgram saysTheLastFirst(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Map<Guest, Deque<String>> stacks = new HashMap<>();

      @Override
      void say(Room room, Guest it, String line) {
        Deque<String> stack = stacks.computeIfAbsent(it, _ -> new ArrayDeque<>());
        stack.push(line);
        while (!it.lines.in.hasRemaining() && !stack.isEmpty()) {
          super.say(room, it, stack.pop());
        }
      }
    };
  }

  private static CorrectProgram keepsNames(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<String> names = new HashSet<>();

      @Override
      Optional<String> enter(Room room, Guest it) {
        return names.add(it.name)
            ? super.enter(room, it)
            : Optional.of("error %s is taken\n".formatted(it.name));
      }
    };
  }

  private static CorrectProgram writesUnderTheLock(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      boolean tell(Guest it, String line) {
        try {
          writeFully(it.client, line);
        } catch (IOException _) {
          closeQuietly(it.client);
        }
        return true;
      }
    };
  }

  private static CorrectProgram hasAPool(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Semaphore threads = new Semaphore(PLACES);

      @Override
      boolean enter(Guest it) throws InterruptedException {
        threads.acquire();
        return super.enter(it);
      }

      @Override
      void end(SocketChannel client) {
        super.end(client);
        threads.release();
      }
    };
  }

  private static CorrectProgram keepsAClosedNewcomer(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<Guest> welcomed = ConcurrentHashMap.newKeySet();

      @Override
      boolean tell(Guest it, String line) {
        if (welcomed.contains(it)) {
          return super.tell(it, line);
        }
        try {
          writeFully(it.client, line);
          welcomed.add(it);
        } catch (IOException _) {
          closeQuietly(it.client);
        }
        return true;
      }

      @Override
      void lost(Guest it) {
        if (welcomed.remove(it)) {
          super.lost(it);
        }
      }
    };
  }

  private static CorrectProgram losesDepartures(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final BlockingQueue<Guest> gone = new ArrayBlockingQueue<>(8);
      private final Thread leaving = Thread.startVirtualThread(this::letLeave);

      private void letLeave() {
        try {
          while (true) {
            Guest next = gone.take();
            pause();
            leave(next);
          }
        } catch (InterruptedException _) {
          // the server stops
        }
      }

      @Override
      void lost(Guest it) {
        var _ = gone.offer(it);
      }

      @Override
      void stop() {
        leaving.interrupt();
      }
    };
  }

  private static CorrectProgram interruptsALine(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<Guest> inside = Collections.synchronizedSet(new LinkedHashSet<>());
      private final Set<Guest> gone = ConcurrentHashMap.newKeySet();

      @Override
      Optional<String> enter(Room room, Guest it) {
        Optional<String> refusal = super.enter(room, it);
        if (refusal.isEmpty()) {
          inside.add(it);
        }
        return refusal;
      }

      @Override
      void say(Room room, Guest it, String line) {
        List<Guest> all = List.copyOf(inside);
        awaitReset();
        for (Guest each : all) {
          if (gone.contains(each)) {
            leave(each);
            inside.remove(each);
          } else if (!each.equals(it)) {
            each.tell("%s: %s\n".formatted(it.name, line));
          }
        }
      }

      // A reset may have arrived although its reader has not been scheduled yet.
      private void awaitReset() {
        long limit = System.nanoTime() + RESET_NANOS;
        while (inside.stream().noneMatch(gone::contains) && System.nanoTime() - limit < 0) {
          pause();
        }
      }

      @Override
      void lost(Guest it) {
        gone.add(it);
        super.lost(it); // blocks while another member's line is delivered
      }
    };
  }

  private static CorrectProgram closesMuchLater(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<SocketChannel> ended = ConcurrentHashMap.newKeySet();

      @Override
      void end(SocketChannel client) {
        super.end(client);
        try {
          SocketChannel spare = SocketChannel.open();
          ended.add(spare);
          Thread.startVirtualThread(() -> closeLater(spare));
        } catch (IOException _) {
          // out of file descriptors
        }
      }

      private void closeLater(SocketChannel client) {
        try {
          TimeUnit.MINUTES.sleep(1);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
        close(client);
      }

      private void close(SocketChannel client) {
        ended.remove(client);
        super.end(client);
      }

      @Override
      void stop() {
        ended.forEach(this::close);
      }
    };
  }
}
