package iomodels.wrong.program;

import static iomodels.program.Programs.CHAT;
import static java.net.StandardSocketOptions.SO_SNDBUF;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
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
import java.util.function.UnaryOperator;

/** Chat programs that break a rule: section 13. */
final class WrongChats {

  private static final int PLACES = 200;
  private static final int MAX_LINES = 64;
  private static final int SMALL_OUTBOX = 40 * 1024;
  private static final int LARGE_OUTBOX = 128 * 1024;
  private static final int SMALL_BUFFER = 16 * 1024;
  private static final int LIST_BYTES = 1024;
  private static final Duration SECOND = Duration.ofSeconds(1);

  static final List<WrongProgram> ALL =
      List.of(
          wrong(
              "chat-tells-who-joins",
              "13.01",
              "Sends a newcomer its own join message.",
              "\"* zoe joined",
              WrongChats::tellsWhoJoins),
          wrong(
              "chat-lists-by-places",
              "13.01",
              "Lists members by their place in a table, and gives a newcomer the place of a member"
                  + " that has left.",
              "\"* you are ",
              WrongChats::listsByPlaces),
          wrong(
              "chat-takes-a-read-for-a-line",
              "13.02",
              "Treats the result of one read as a complete line.",
              "bob: hello",
              WrongChats::takesAReadForALine),
          wrong(
              "chat-shares-a-buffer",
              "13.02",
              "Has one buffer for the beginnings of the lines of all clients.",
              "two members whose pieces alternate",
              WrongChats::sharesABuffer),
          wrong(
              "chat-forgets-what-follows-the-name",
              "13.02",
              "Reads the name with a buffer of its own, and drops what came with it.",
              "bob: hello there",
              WrongChats::forgetsWhatFollowsTheName),
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
              "chat-cuts-names-at-nul",
              "13.03",
              "Copies the name as a string of C, which ends at NUL.",
              "the name \"a\\x00b\"",
              config ->
                  new CorrectChat(config) {
                    @Override
                    Optional<String> enter(CorrectRoom room, Guest it) {
                      it.name = it.name.replaceFirst("\0.*", "");
                      return super.enter(room, it);
                    }
                  }),
          wrong(
              "chat-ignores-case",
              "13.03",
              "Compares names without regard to case.",
              "the name Ann",
              WrongChats::ignoresCase),
          wrong(
              "chat-checks-and-then-enters",
              "13.03",
              "Checks a name, and adds the member a moment later, without a lock around both.",
              "clients that ask for the same name",
              WrongChats::checksAndThenEnters),
          wrong(
              "chat-removes-by-name",
              "13.03",
              "Removes the member with the name of a client that was refused.",
              "nothing came for",
              config ->
                  new CorrectChat(config) {
                    @Override
                    Optional<String> enter(CorrectRoom room, Guest it) {
                      Optional<String> refusal = super.enter(room, it);
                      if (refusal.isPresent() && room.members.containsKey(it.name)) {
                        room.leave(it.name, room.members.get(it.name));
                      }
                      return refusal;
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
              "chat-tells-without-the-lock",
              "13.04",
              "Copies the list of members, and then tells each without the lock of the room.",
              "the same order of events for all members",
              WrongChats::tellsWithoutTheLock),
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
              "chat-announces-babblers-twice",
              "13.05",
              "Announces that a member has left when its line is too long, and again at the end of"
                  + " its connection.",
              "a member that ends by a line that is too long",
              config ->
                  new CorrectChat(config) {
                    @Override
                    void lineTooLong(Guest it) {
                      super.lineTooLong(it);
                      leave(it);
                      announce("* %s left\n".formatted(it.name));
                    }
                  }),
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
              "chat-closes-soon-after-fin",
              "13.06",
              "Gives a client half a second after its FIN to receive what is pending.",
              "a member that reads late, after its FIN",
              config -> closesAfterFin(config, SECOND.dividedBy(2))),
          wrong(
              "chat-closes-five-seconds-after-fin",
              "13.06",
              "Gives a client five seconds after its FIN to receive what is pending.",
              "a member that reads late, after its FIN",
              config -> closesAfterFin(config, SECOND.multipliedBy(5))),
          wrong(
              "chat-keeps-names-while-lines-are-pending",
              "13.06",
              "Releases the name of a member that has finished sending only when it has received"
                  + " everything.",
              "a newcomer with the name of a member that left",
              WrongChatMembers::keepsNamesWhileLinesArePending),
          wrong(
              "chat-leaves-resets-to-the-writer",
              "13.06",
              "Leaves it to the writer to notice a reset if lines are pending, and the writer tells"
                  + " nobody.",
              "a member that has reset",
              WrongChatMembers::leavesResetsToTheWriter),
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
              "chat-counts-characters",
              "13.07",
              "Counts the characters of a line instead of its bytes.",
              "a line of 1,025 bytes",
              config ->
                  new CorrectChat(config) {
                    @Override
                    Lines lines(SocketChannel client) {
                      return new OtherLines(client, UTF_8, new ByteArrayOutputStream());
                    }
                  }),
          wrong(
              "chat-resets-babblers",
              "13.07",
              "Closes the connection with unread input after a line that is too long.",
              "Connection reset",
              WrongChats::resetsBabblers),
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
              "chat-counts-lines",
              "13.08",
              "Has room for 64 lines in an outbox, however short they are.",
              "lines of 10 bytes",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean tell(Guest it, String line) {
                      return super.tell(it, line) && it.outbox.size() <= MAX_LINES;
                    }
                  }),
          wrong(
              "chat-has-a-small-outbox",
              "13.08",
              "Has an outbox of 40 KiB.",
              "bytes are pending to stay",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean tell(Guest it, String line) {
                      return super.tell(it, line) && it.queuedBytes.get() < SMALL_OUTBOX;
                    }
                  }),
          wrong(
              "chat-counts-since-it-was-empty",
              "13.08",
              "Counts the bytes that it has put into an outbox since it was empty, not those that"
                  + " are pending.",
              "bytes are pending to stay",
              WrongChats::countsSinceItWasEmpty),
          wrong(
              "chat-gives-a-write-a-second",
              "13.08",
              "Closes the connection if a write takes longer than a second.",
              " left",
              WrongChats::givesAWriteASecond),
          wrong(
              "chat-writes-under-the-lock",
              "13.09",
              "Has no outbox: writes to each member while it holds the room's lock.",
              "nothing came for",
              WrongChats::writesUnderTheLock),
          wrong(
              "chat-waits-for-a-slow-member",
              "13.09",
              "Waits up to six seconds for a member to read before it disconnects it.",
              "beside one that does not",
              WrongChats::waitsForASlowMember),
          wrong(
              "chat-keeps-all",
              "13.10",
              "Queues unread lines without a bound.",
              "has not dropped it",
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
              "has not dropped it",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean tell(Guest it, String line) {
                      var _ = super.tell(it, line);
                      return true;
                    }
                  }),
          wrong(
              "chat-announces-the-dropped-twice",
              "13.10",
              "Announces that a member was dropped, and then that it left.",
              "a member received: * slow",
              WrongChats::announcesTheDroppedTwice),
          wrong(
              "chat-removes-and-does-not-disconnect",
              "13.10",
              "Removes a member whose outbox is full, but leaves it connected.",
              "the end of the connection",
              config ->
                  new CorrectChat(config) {
                    @Override
                    void drop(Guest it) {}
                  }),
          wrong(
              "chat-stops-at-a-full-outbox",
              "13.10",
              "Does not send a line to the members after one that it drops.",
              "members that read, beside one that does not",
              WrongChats::stopsAtAFullOutbox),
          wrong(
              "chat-has-a-large-outbox",
              "13.10",
              "Has an outbox of 128 KiB.",
              "has not dropped it",
              config ->
                  new CorrectChat(config) {
                    @Override
                    boolean tell(Guest it, String line) {
                      return it.queuedBytes.get() < LARGE_OUTBOX && put(it, line);
                    }
                  }),
          wrong(
              "chat-counts-characters-of-an-outbox",
              "13.10",
              "Counts the characters in an outbox instead of the bytes.",
              "has not dropped it",
              WrongChatMembers::countsCharactersOfAnOutbox),
          wrong(
              "chat-has-a-pool",
              "13.11",
              "Has a fixed pool of %d threads, and needs one for each connection."
                  .formatted(PLACES),
              "nothing came for",
              WrongChats::hasAPool),
          wrong(
              "chat-cuts-the-list",
              "13.11",
              "Writes the list of members into a buffer of 1,024 bytes.",
              "a line that differs after",
              WrongChats::cutsTheList),
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
              "chat-keeps-the-refused-open",
              "13.12",
              "Shuts down its output to clients whose name is refused, but does not close the"
                  + " connection.",
              "descriptors after all clients have left",
              WrongChats::keepsTheRefusedOpen),
          wrong(
              "chat-keeps-the-dropped-open",
              "13.12",
              "Shuts down both directions of a member whose outbox is full, but does not close the"
                  + " socket.",
              "sockets after all clients have left",
              WrongChats::keepsTheDroppedOpen),
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
              "chat-logs-every-reset",
              "13.15",
              NoisyPrograms.FAULT,
              NoisyPrograms.SYMPTOM,
              NoisyPrograms::chat),
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
              WrongChats::closesMuchLater),
          wrong(
              "chat-trims-lines",
              "13.18",
              "Removes blanks at the beginning and at the end of a line.",
              "the text of the line",
              config -> changingLines(config, String::strip)),
          wrong(
              "chat-drops-control-characters",
              "13.18",
              "Removes control characters from a line.",
              "the text of the line \"a\\x00z\"",
              config -> changingLines(config, it -> it.replaceAll("\\p{Cntrl}", ""))),
          wrong(
              "chat-cuts-lines-at-separators",
              "13.18",
              "Takes U+2028 and other separators of Unicode for line ends.",
              "the text of the line",
              config -> changingLines(config, it -> it.split("\\R", 2)[0])),
          wrong(
              "chat-obeys-quit",
              "13.18",
              "Ends the conversation at a line that reads quit.",
              "the text of the line \"quit\"",
              WrongChats::obeysQuit),
          wrong(
              "chat-passes-malformed-bytes",
              "13.18",
              "Passes malformed UTF-8 on.",
              "U+FFFD in place of malformed UTF-8",
              WrongChats::passesMalformedBytes),
          wrong(
              "chat-says-unfinished-lines",
              "13.18",
              "Sends the text before a FIN as a line, although its LF is missing.",
              "a part of a line before FIN",
              WrongChats::saysUnfinishedLines),
          wrong(
              "chat-tells-the-nameless",
              "13.19",
              "Sends lines to all clients, also to those that have not sent their name.",
              "expected silence for",
              WrongChats::tellsTheNameless),
          wrong(
              "chat-awaits-a-name",
              "13.19",
              "Waits for the name of a client before it serves the next one.",
              "nothing came for",
              WrongChats::awaitsAName),
          wrong(
              "chat-has-an-idle-timeout",
              "13.20",
              "Closes a connection on which nothing has arrived for a second.",
              "expected silence for",
              WrongChats::hasAnIdleTimeout),
          wrong(
              "chat-waits-five-seconds-for-a-name",
              "13.20",
              "Closes the connection of a client that has not sent its name for five seconds.",
              "a client without a name",
              WrongChats::waitsFiveSecondsForAName));

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
      Optional<String> enter(CorrectRoom room, Guest it) {
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
      void say(CorrectRoom room, Guest it, String line) {
        super.say(room, it, line);
        it.tell("%s: %s\n".formatted(it.name, line));
      }
    };
  }

  private static CorrectProgram saysTheLastFirst(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Map<Guest, Deque<String>> stacks = new HashMap<>();

      @Override
      void say(CorrectRoom room, Guest it, String line) {
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
      Optional<String> enter(CorrectRoom room, Guest it) {
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
      private volatile boolean waits = true;

      @Override
      Optional<String> enter(CorrectRoom room, Guest it) {
        Optional<String> refusal = super.enter(room, it);
        if (refusal.isEmpty()) {
          inside.add(it);
        }
        return refusal;
      }

      @Override
      void say(CorrectRoom room, Guest it, String line) {
        List<Guest> all = List.copyOf(inside);
        awaitReset(all);
        for (Guest each : all) {
          if (gone.contains(each)) {
            leave(each);
          } else if (!each.equals(it)) {
            each.tell("%s: %s\n".formatted(it.name, line));
          }
        }
      }

      // A reset may have arrived although its reader has not been scheduled yet. To wait at each
      // line would delay all members for too long.
      private void awaitReset(List<Guest> all) {
        long limit = System.nanoTime() + RESET_NANOS;
        while (waits && all.stream().noneMatch(gone::contains)) {
          waits = System.nanoTime() - limit < 0;
          pause();
        }
      }

      @Override
      void lost(Guest it) {
        gone.add(it);
        super.lost(it); // blocks while another member's line is delivered
        inside.remove(it);
        waits = true;
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

  private static CorrectProgram listsByPlaces(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      CorrectRoom room() {
        return new CorrectRoom() {
          private final List<String> places = new ArrayList<>();

          @Override
          void admit(String name, Room.Member newcomer) {
            super.admit(name, newcomer);
            int free = places.indexOf("");
            if (free < 0) {
              places.add(name);
            } else {
              places.set(free, name);
            }
          }

          @Override
          void remove(String name) {
            super.remove(name);
            places.set(places.indexOf(name), "");
          }

          @Override
          String welcome(String name) {
            return places.stream()
                .filter(it -> !it.isEmpty())
                .map(it -> " " + it)
                .collect(joining("", "* you are %s; here:".formatted(name), "\n"));
          }
        };
      }
    };
  }

  private static CorrectProgram sharesABuffer(ProgramConfig config) throws IOException {
    ByteArrayOutputStream begun = new ByteArrayOutputStream();
    return new CorrectChat(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new OtherLines(client, UTF_8, begun);
      }
    };
  }

  private static CorrectProgram forgetsWhatFollowsTheName(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      Optional<String> name(Guest it)
          throws IOException, InterruptedException, LineTooLongException {
        Optional<String> name = super.name(it);
        it.lines.in.position(it.lines.in.limit());
        return name;
      }
    };
  }

  private static CorrectProgram ignoresCase(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      CorrectRoom room() {
        return new CorrectRoom() {
          @Override
          boolean isTaken(String name) {
            return members.keySet().stream().anyMatch(name::equalsIgnoreCase);
          }
        };
      }
    };
  }

  private static CorrectProgram checksAndThenEnters(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<Guest> checked = ConcurrentHashMap.newKeySet();

      @Override
      boolean enter(Guest it) throws InterruptedException {
        boolean isFree = super.enter(it);
        if (isFree) {
          pause();
          checked.add(it);
          super.enter(it);
        }
        return isFree;
      }

      @Override
      Optional<String> enter(CorrectRoom room, Guest it) {
        if (checked.remove(it)) {
          room.admit(it.name, it);
          return Optional.empty();
        }
        return room.refusal(it.name);
      }
    };
  }

  private static CorrectProgram tellsWithoutTheLock(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void hear(CorrectRoom room, Guest it, String line) {
        List<Room.Member> all;
        synchronized (room) {
          all = List.copyOf(room.members.values());
        }
        for (Room.Member each : all) {
          if (!each.equals(it)) {
            each.tell("%s: %s\n".formatted(it.name, line));
            pauseAtTimes(line);
          }
        }
      }

      private void pauseAtTimes(String line) {
        if (line.length() % 10 == 1) {
          pause(); // Another thread may run here at any time.
        }
      }
    };
  }

  private static CorrectProgram closesAfterFin(ProgramConfig config, Duration delay)
      throws IOException {
    return new CorrectChat(config) {
      @Override
      void finish(Guest it) {
        super.finish(it);
        later(delay, () -> closeQuietly(it.client));
      }
    };
  }

  private static Thread later(Duration delay, Runnable action) {
    return Thread.startVirtualThread(
        () -> {
          try {
            Thread.sleep(delay);
            action.run();
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static CorrectProgram resetsBabblers(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void lineTooLong(Guest it) {
        try {
          leave(it);
          writeFully(it.client, LineTooLongException.ANSWER);
          it.client.close();
        } catch (IOException _) {
          // The client has left.
        }
      }
    };
  }

  private static CorrectProgram givesAWriteASecond(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void write(Guest it, byte[] line) throws IOException {
        Thread guard = later(SECOND, () -> closeQuietly(it.client));
        super.write(it, line);
        guard.interrupt();
      }
    };
  }

  private static CorrectProgram countsSinceItWasEmpty(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Map<Guest, Integer> counts = new ConcurrentHashMap<>();

      @Override
      Lines lines(SocketChannel client) throws IOException {
        client.setOption(SO_SNDBUF, SMALL_BUFFER); // Then the outbox is seldom empty.
        return super.lines(client);
      }

      @Override
      boolean tell(Guest it, String line) {
        int before = it.queuedBytes.get() == 0 ? 0 : counts.getOrDefault(it, 0);
        counts.put(it, before + line.length());
        return before < config.outbox() && super.tell(it, line);
      }
    };
  }

  private static CorrectProgram waitsForASlowMember(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      boolean tell(Guest it, String line) {
        long limit = System.nanoTime() + SECOND.multipliedBy(6).toNanos();
        while (it.queuedBytes.get() >= config.outbox() && System.nanoTime() - limit < 0) {
          pause();
        }
        return super.tell(it, line);
      }
    };
  }

  private static CorrectProgram announcesTheDroppedTwice(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      CorrectRoom room() {
        return new CorrectRoom() {
          @Override
          void drop(String name, Room.Member member) {
            super.drop(name, member);
            tellAll("* %s left\n".formatted(name), name);
          }
        };
      }
    };
  }

  private static CorrectProgram stopsAtAFullOutbox(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      CorrectRoom room() {
        return new CorrectRoom() {
          @Override
          boolean endsAtFullOutbox() {
            return true;
          }
        };
      }
    };
  }

  private static CorrectProgram cutsTheList(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      CorrectRoom room() {
        return new CorrectRoom() {
          @Override
          String welcome(String name) {
            String welcome = super.welcome(name);
            return welcome.length() <= LIST_BYTES
                ? welcome
                : welcome.substring(0, LIST_BYTES - 1) + "\n";
          }
        };
      }
    };
  }

  private static CorrectProgram keepsTheRefusedOpen(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<SocketChannel> refused = ConcurrentHashMap.newKeySet();

      @Override
      Optional<String> enter(CorrectRoom room, Guest it) {
        Optional<String> refusal = super.enter(room, it);
        if (refusal.isPresent()) {
          refused.add(it.client);
        }
        return refusal;
      }

      @Override
      void end(SocketChannel client) {
        if (!refused.contains(client)) {
          super.end(client);
        }
      }

      @Override
      void stop() {
        refused.forEach(super::end);
      }
    };
  }

  private static CorrectProgram keepsTheDroppedOpen(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<SocketChannel> dropped = ConcurrentHashMap.newKeySet();

      @Override
      void drop(Guest it) {
        dropped.add(it.client);
        closeQuietly(it.client::shutdownInput);
        closeQuietly(it.client::shutdownOutput);
      }

      @Override
      void cannotWrite(Guest it) {
        if (!dropped.contains(it.client)) {
          super.cannotWrite(it);
        }
      }

      @Override
      void end(SocketChannel client) {
        if (!dropped.contains(client)) {
          super.end(client);
        }
      }

      @Override
      void stop() {
        dropped.forEach(super::end);
      }
    };
  }

  private static CorrectProgram changingLines(ProgramConfig config, UnaryOperator<String> change)
      throws IOException {
    return new CorrectChat(config) {
      @Override
      void say(CorrectRoom room, Guest it, String line) {
        super.say(room, it, change.apply(line));
      }
    };
  }

  private static CorrectProgram obeysQuit(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void hear(CorrectRoom room, Guest it, String line) throws IOException {
        if (line.equals("quit")) {
          throw new IOException("The member has left.");
        }
        super.hear(room, it, line);
      }
    };
  }

  private static CorrectProgram passesMalformedBytes(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new OtherLines(client, ISO_8859_1, new ByteArrayOutputStream());
      }

      @Override
      Charset charset() {
        return ISO_8859_1;
      }
    };
  }

  private static CorrectProgram saysUnfinishedLines(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      Lines lines(SocketChannel client) {
        ByteArrayOutputStream begun = new ByteArrayOutputStream();
        return new OtherLines(client, UTF_8, begun) {
          @Override
          Optional<String> atEnd() {
            return begun.size() == 0 ? Optional.empty() : Optional.of(line());
          }
        };
      }
    };
  }

  private static CorrectProgram tellsTheNameless(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Set<Guest> nameless = ConcurrentHashMap.newKeySet();

      @Override
      Optional<String> name(Guest it)
          throws IOException, InterruptedException, LineTooLongException {
        nameless.add(it);
        try {
          return super.name(it);
        } finally {
          nameless.remove(it);
        }
      }

      @Override
      void say(CorrectRoom room, Guest it, String line) {
        super.say(room, it, line);
        nameless.forEach(each -> each.tell("%s: %s\n".formatted(it.name, line)));
      }
    };
  }

  private static CorrectProgram awaitsAName(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      private final Semaphore first = new Semaphore(1);

      @Override
      Optional<String> name(Guest it)
          throws IOException, InterruptedException, LineTooLongException {
        first.acquire();
        try {
          return super.name(it);
        } finally {
          first.release();
        }
      }
    };
  }

  private static CorrectProgram waitsFiveSecondsForAName(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      Optional<String> name(Guest it)
          throws IOException, InterruptedException, LineTooLongException {
        Thread guard = later(SECOND.multipliedBy(5), () -> closeQuietly(it.client));
        try {
          return super.name(it);
        } finally {
          guard.interrupt();
        }
      }
    };
  }

  private static CorrectProgram hasAnIdleTimeout(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new Lines(client) {
          @Override
          boolean receive() throws IOException, InterruptedException {
            Thread guard = later(SECOND, () -> closeQuietly(client));
            try {
              return super.receive();
            } finally {
              guard.interrupt();
            }
          }
        };
      }
    };
  }
}
