package iomodels.lab.trace;

import static iomodels.lab.trace.SystemCalls.ACCEPTS;
import static iomodels.lab.trace.SystemCalls.READINESS;
import static iomodels.lab.trace.SystemCalls.READS;
import static iomodels.lab.trace.SystemCalls.WRITES;

import iomodels.lab.trace.Call.Kind;
import iomodels.lab.trace.StraceParser.Raw;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Determines the client, the kind and the two phases of each call. Expects the calls of all threads
 * in the order in which they ended.
 *
 * <p>How long a call waited follows from its kind and from the events of the clients, which have
 * the same clock:
 *
 * <ul>
 *   <li>A call that waits for readiness, for a completion or to be unparked counts as waiting for
 *       all of its duration. With io_uring the kernel copies in the same call, which cannot be told
 *       apart.
 *   <li>A call on a non-blocking socket never waits. A socket is non-blocking by {@code O_NONBLOCK}
 *       or {@code MSG_DONTWAIT}, or if a call has returned {@code EAGAIN} at once. One that returns
 *       {@code EAGAIN} after a long time is blocking and has a timeout.
 *   <li>A blocking {@code read} waits until its client has sent the first byte that it returns, or
 *       its FIN; {@code accept} waits until the client has connected. The rest counts as copying:
 *       it includes the return to the thread and the work of strace.
 *   <li>A blocking {@code write} waits for room if it takes longer than a copy, the client had not
 *       read everything before it, and has read during it. It waits until the last such read.
 *   <li>If no event explains what a blocking call waited for, its duration decides: a call that
 *       takes longer than a copy has waited all the time.
 * </ul>
 */
final class Phases {

  /** Longer than a traced copy takes, in microseconds. */
  static final long LONGER_THAN_A_COPY = 1_000;

  /**
   * Longer than a non-blocking call takes on a busy machine, in microseconds. A shorter one cannot
   * be distinguished from a call with a timeout if the server was traced too late to see its mode.
   */
  private static final long LONGER_THAN_A_LOOK = 10_000;

  private static final String NOT_THIS_TIME = "MSG_DONTWAIT";

  /** Includes restarted calls of unknown kind: they reported no client. */
  private static final Set<String> SLEEPS =
      Set.of("nanosleep", "clock_nanosleep", "restart_syscall");

  private static final Set<String> IN_VAIN = Set.of("EAGAIN", "EWOULDBLOCK");

  /** {@code 9<TCP:[127.0.0.1:7771->127.0.0.1:39848]>}. */
  private static final Pattern DESCRIPTOR = Pattern.compile("\\d+<((?:->|[^<>])*+)>");

  /** The first argument is the descriptor of a file. */
  private static final Pattern OF_A_FILE = Pattern.compile("\\d+</");

  private static final Pattern SOCKET = Pattern.compile("(?:TCP|UDP)(?:v6)?:.*|socket:.*");
  private static final Pattern REMOTE_PORT = Pattern.compile(".*->.*:(\\d+)\\]?");
  private static final Pattern ACCEPTED_PORT = Pattern.compile("sin6?_port=htons\\((\\d+)\\)");
  private static final Pattern NO_TIMEOUT =
      Pattern.compile(".*(, 0(, NULL, 8)?|\\{tv_sec=0, tv_[un]sec=0\\}.*)");
  private static final Pattern COMPLETIONS = Pattern.compile("[^,]*, \\d+, (\\d+), .*");

  private final Map<Integer, ClientLog> clients = new HashMap<>();

  /** The client of a descriptor, as strace describes it. */
  private final Map<String, ClientLog> known = new HashMap<>();

  private final Set<String> nonBlocking = new HashSet<>();

  /** By client: how many bytes the server has read and written. */
  private final Map<ClientLog, Long> taken = new HashMap<>();

  private final Map<ClientLog, Long> given = new HashMap<>();
  private final long beginning;
  private final long micros;

  /**
   * For one record.
   *
   * @param beginning when it began, by {@link WallClock}
   * @param micros its length
   */
  Phases(List<ClientLog> clients, long beginning, long micros) {
    clients.forEach(it -> this.clients.put(it.port(), it));
    this.beginning = beginning;
    this.micros = micros;
  }

  /**
   * A classified call.
   *
   * @param network whether it does network I/O or waits for it
   */
  record Classified(Call call, boolean network) {}

  /** Classifies a call; empty if it is irrelevant or lies outside the record. */
  Optional<Classified> classify(Raw raw) {
    Optional<String> descriptor = descriptor(raw.arguments());
    if (OF_A_FILE.matcher(raw.arguments()).lookingAt() || isUnparking(raw)) {
      return Optional.empty();
    }
    boolean socket = descriptor.filter(it -> SOCKET.matcher(it).matches()).isPresent();
    long start = raw.start() - beginning;
    long end = raw.duration().map(it -> start + it).orElse(micros);
    boolean cutShort =
        raw.duration().isEmpty() && descriptor.filter(nonBlocking::contains).isPresent();
    Optional<ClientLog> client = client(raw, descriptor);
    if (end < 0 || start > micros || cutShort) { // A non-blocking call was not waiting at the end.
      remember(raw, descriptor, client);
      return Optional.empty();
    }
    boolean timedOut = socket && isTimeout(raw, descriptor);
    Kind kind = timedOut ? Kind.WAIT : kind(raw, socket);
    long waited =
        switch (kind) {
          case WAIT, COPY ->
              timedOut
                  ? end - start
                  : Math.clamp(waited(raw, descriptor, client, start, end), 0, end - start);
          case PARK -> end - start;
          case ASK, OTHER -> 0;
        };
    remember(raw, descriptor, client);
    boolean atEnd = READS.contains(raw.name()) && raw.value() == 0;
    boolean accepted = ACCEPTS.contains(raw.name()) && raw.value() >= 0;
    if (kind == Kind.WAIT && waited == 0 && (atEnd || accepted)) {
      kind = Kind.OTHER; // The connection or the FIN was there before: the thread did not wait.
    }
    long before = Math.max(0, -start);
    Call call =
        new Call(
            start + before,
            Math.min(end, micros) - start - before,
            Math.max(0, waited - before - Math.max(0, end - micros)),
            raw.name(),
            Abbreviation.arguments(raw.arguments()),
            Abbreviation.result(raw),
            kind,
            client.map(ClientLog::name).orElse(""),
            1);
    boolean network = socket || READINESS.contains(raw.name()) || isRing(raw);
    return Optional.of(new Classified(call, network));
  }

  /** Whether the call blocked until its timeout: SO_RCVTIMEO or SO_SNDTIMEO. */
  private boolean isTimeout(Raw raw, Optional<String> descriptor) {
    return IN_VAIN.contains(raw.error())
        && !raw.arguments().contains(NOT_THIS_TIME)
        && !isWithin(raw, LONGER_THAN_A_LOOK)
        && descriptor.filter(nonBlocking::contains).isEmpty();
  }

  private static boolean isWithin(Raw raw, long micros) {
    return raw.duration().filter(it -> it <= micros).isPresent();
  }

  /** Whether the call wakes another thread, or returns at once because it need not park. */
  private static boolean isUnparking(Raw raw) {
    return raw.name().equals("futex")
        && (!raw.arguments().contains("FUTEX_WAIT") || IN_VAIN.contains(raw.error()));
  }

  static boolean isRing(Raw raw) {
    return raw.name().equals("io_uring_enter");
  }

  private static Kind kind(Raw raw, boolean socket) {
    String name = raw.name();
    boolean open = raw.result().equals(StraceParser.NONE);
    boolean inVain = IN_VAIN.contains(raw.error());
    if (READINESS.contains(name)) {
      boolean nothing = raw.value() == 0 || inVain;
      boolean waits = !NO_TIMEOUT.matcher(raw.arguments()).matches();
      return waits ? Kind.WAIT : nothing ? Kind.ASK : Kind.OTHER;
    }
    if (isRing(raw)) {
      Matcher completions = COMPLETIONS.matcher(raw.arguments());
      boolean waits = completions.matches() && !completions.group(1).equals("0");
      return waits ? Kind.WAIT : Kind.OTHER;
    }
    if (name.equals("futex")) {
      return Kind.PARK;
    }
    if (SLEEPS.contains(name)) {
      return Kind.PARK;
    }
    if (!socket) {
      return Kind.OTHER;
    }
    boolean reading = READS.contains(name);
    if (!reading && !WRITES.contains(name) && !ACCEPTS.contains(name)) {
      return Kind.OTHER;
    }
    if (inVain) {
      return Kind.ASK;
    }
    if (ACCEPTS.contains(name)) {
      return open || raw.value() >= 0 ? Kind.WAIT : Kind.OTHER;
    }
    if (raw.value() > 0) {
      return Kind.COPY;
    }
    boolean end = reading && raw.value() == 0;
    return open || end ? Kind.WAIT : Kind.OTHER;
  }

  private long waited(
      Raw raw, Optional<String> descriptor, Optional<ClientLog> client, long start, long end) {
    String name = raw.name();
    boolean blocking =
        descriptor.filter(nonBlocking::contains).isEmpty()
            && !raw.arguments().contains(NOT_THIS_TIME);
    if (READINESS.contains(name)) {
      return end - start;
    }
    if (isRing(raw) || raw.result().equals(StraceParser.NONE)) {
      return end - start;
    }
    if (!blocking) {
      return 0;
    }
    if (WRITES.contains(name)) {
      return end - start <= LONGER_THAN_A_COPY
          ? 0
          : client.map(it -> madeRoom(it, start, end)).orElse(end) - start;
    }
    OptionalLong awaited =
        client
            .map(
                it ->
                    ACCEPTS.contains(name)
                        ? it.connected()
                        : raw.value() == 0 ? it.ended() : it.sent(taken.getOrDefault(it, 0L)))
            .orElse(OptionalLong.empty());
    long byDuration = end - start > LONGER_THAN_A_COPY ? end : start;
    return awaited.orElse(byDuration) - start;
  }

  /** When a client has made room: at once, if it had read everything before. */
  private long madeRoom(ClientLog client, long start, long end) {
    return client.received(start) < given.getOrDefault(client, 0L)
        ? client.madeRoom(start, end).orElse(start)
        : start;
  }

  /** Records what later calls depend on: client and mode of a descriptor, and bytes moved. */
  private void remember(Raw raw, Optional<String> descriptor, Optional<ClientLog> client) {
    String arguments = raw.arguments();
    if (ACCEPTS.contains(raw.name()) && raw.value() >= 0) {
      descriptor(raw.result() + raw.words())
          .ifPresent(
              it -> {
                client.ifPresent(accepted -> known.put(it, accepted));
                if (arguments.contains("SOCK_NONBLOCK")) {
                  nonBlocking.add(it);
                }
              });
    } else if (raw.name().equals("fcntl") && arguments.contains("F_SETFL")) {
      descriptor.ifPresent(it -> setMode(it, arguments.contains("O_NONBLOCK")));
    } else if (raw.name().equals("ioctl") && arguments.contains("FIONBIO")) {
      descriptor.ifPresent(it -> setMode(it, !arguments.contains("[0]")));
    } else if (IN_VAIN.contains(raw.error())) {
      if (!arguments.contains(NOT_THIS_TIME) && isWithin(raw, LONGER_THAN_A_COPY)) {
        descriptor.ifPresent(nonBlocking::add);
      }
    } else if (READS.contains(raw.name()) && raw.value() > 0 && !arguments.contains("MSG_PEEK")) {
      client.ifPresent(it -> taken.merge(it, raw.value(), Long::sum));
    } else if (WRITES.contains(raw.name()) && raw.value() > 0) {
      client.ifPresent(it -> given.merge(it, raw.value(), Long::sum));
    }
  }

  private void setMode(String descriptor, boolean doesNotBlock) {
    if (doesNotBlock) {
      nonBlocking.add(descriptor);
    } else {
      nonBlocking.remove(descriptor);
    }
  }

  /** The client of a call: that of its descriptor, or the accepted one. */
  private Optional<ClientLog> client(Raw raw, Optional<String> descriptor) {
    if (READINESS.contains(raw.name())) {
      return Optional.empty();
    }
    if (ACCEPTS.contains(raw.name())) {
      return descriptor(raw.result() + raw.words())
          .flatMap(this::client)
          .or(() -> port(ACCEPTED_PORT, raw.arguments()));
    }
    if (raw.name().equals("epoll_ctl")) {
      int second = raw.arguments().indexOf(", ");
      return second < 0
          ? Optional.empty()
          : descriptor(raw.arguments().substring(second)).flatMap(this::client);
    }
    return descriptor.flatMap(this::client);
  }

  private Optional<ClientLog> client(String descriptor) {
    Matcher port = REMOTE_PORT.matcher(descriptor);
    Optional<ClientLog> client =
        port.matches()
            ? Optional.ofNullable(clients.get(Integer.parseInt(port.group(1))))
            : Optional.empty();
    return client.or(() -> Optional.ofNullable(known.get(descriptor)));
  }

  private Optional<ClientLog> port(Pattern pattern, String text) {
    Matcher port = pattern.matcher(text);
    return port.find()
        ? Optional.ofNullable(clients.get(Integer.parseInt(port.group(1))))
        : Optional.empty();
  }

  /** The first descriptor in a text, as strace describes it. */
  private static Optional<String> descriptor(String text) {
    Matcher descriptor = DESCRIPTOR.matcher(text);
    return descriptor.find() ? Optional.of(descriptor.group(1)) : Optional.empty();
  }
}
