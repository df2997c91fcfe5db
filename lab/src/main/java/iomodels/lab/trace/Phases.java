package iomodels.lab.trace;

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
 * Gives each call its client, its kind and its two phases. To be told of the calls of all threads,
 * in the order in which they ended.
 *
 * <p>How long a call waited is told by what it is and by the clients' own records, which are by the
 * same clock:
 *
 * <ul>
 *   <li>A call that waits for readiness, for a completion or to be unparked counts as waiting, all
 *       of it. With io_uring it is also where the kernel copies, which cannot be told apart.
 *   <li>A call on a socket that does not block never waits: {@code O_NONBLOCK}, {@code
 *       MSG_DONTWAIT}, or it has been asked in vain before. One that is asked in vain for long
 *       blocks, and has a timeout.
 *   <li>A blocking {@code read} waits until its client has sent the byte that it begins with, or
 *       its FIN; {@code accept} until the client has connected. What is left is copying, and with
 *       it the way back into the thread, and strace's own work.
 *   <li>A blocking {@code write} waits for room if it takes longer than a copy does, the client had
 *       not read all by then, and has read meanwhile: until the last time that it did.
 *   <li>Where there is no record of what a blocking call waited for, it is the duration that tells:
 *       what takes longer than a copy does has waited all the time.
 * </ul>
 */
final class Phases {

  /** Longer than a copy takes, even if it is traced; in microseconds. */
  static final long LONGER_THAN_A_COPY = 1_000;

  /**
   * Longer than a call takes that does not block, however busy the machine is: not to be told from
   * one with a timeout by less, where nobody has seen it made not to block.
   */
  private static final long LONGER_THAN_A_LOOK = 10_000;

  private static final String NOT_THIS_TIME = "MSG_DONTWAIT";

  private static final Set<String> READS =
      Set.of("read", "readv", "recvfrom", "recvmsg", "recvmmsg");
  private static final Set<String> WRITES =
      Set.of("write", "writev", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice");
  private static final Set<String> ACCEPTS = Set.of("accept", "accept4");
  private static final Set<String> READINESS =
      Set.of(
          "poll",
          "ppoll",
          "select",
          "pselect6",
          "epoll_wait",
          "epoll_pwait",
          "epoll_pwait2",
          "rt_sigtimedwait");

  /** That of which nobody knows what was restarted is one as well: it found nobody. */
  private static final Set<String> SLEEPS =
      Set.of("nanosleep", "clock_nanosleep", "restart_syscall");

  private static final Set<String> IN_VAIN = Set.of("EAGAIN", "EWOULDBLOCK");

  /** {@code 9<TCP:[127.0.0.1:7771->127.0.0.1:39848]>}. */
  private static final Pattern DESCRIPTOR = Pattern.compile("\\d+<((?:->|[^<>])*+)>");

  /** The first argument is a file's descriptor; to wait for one among others is another matter. */
  private static final Pattern OF_A_FILE = Pattern.compile("\\d+</");

  private static final Pattern SOCKET = Pattern.compile("(?:TCP|UDP)(?:v6)?:.*|socket:.*");
  private static final Pattern REMOTE_PORT = Pattern.compile(".*->.*:(\\d+)\\]?");
  private static final Pattern ACCEPTED_PORT = Pattern.compile("sin6?_port=htons\\((\\d+)\\)");
  private static final Pattern NO_TIMEOUT =
      Pattern.compile(".*(, 0(, NULL, 8)?|\\{tv_sec=0, tv_[un]sec=0\\}.*)");
  private static final Pattern COMPLETIONS = Pattern.compile("[^,]*, \\d+, (\\d+), .*");

  private final Map<Integer, Peer> peers = new HashMap<>();

  /** Which client is behind a descriptor, as strace describes it. */
  private final Map<String, Peer> known = new HashMap<>();

  private final Set<String> nonBlocking = new HashSet<>();

  /** How many bytes the server has read from whom, and written to whom. */
  private final Map<Peer, Long> taken = new HashMap<>();

  private final Map<Peer, Long> given = new HashMap<>();
  private final long beginning;
  private final long micros;

  /**
   * For one record.
   *
   * @param beginning when it began, by {@link Clock}
   * @param micros how long it is
   */
  Phases(List<Peer> peers, long beginning, long micros) {
    peers.forEach(it -> this.peers.put(it.port(), it));
    this.beginning = beginning;
    this.micros = micros;
  }

  /**
   * A call in the record's own terms.
   *
   * @param network whether its thread talks to the network with it, or waits for it
   */
  record Told(Call call, boolean network) {}

  /** What that call was; empty if it has nothing to do with it, or lies outside the record. */
  Optional<Told> tell(Raw raw) {
    Optional<String> descriptor = descriptor(raw.arguments());
    if (OF_A_FILE.matcher(raw.arguments()).lookingAt() || isUnparking(raw)) {
      return Optional.empty();
    }
    boolean socket = descriptor.filter(it -> SOCKET.matcher(it).matches()).isPresent();
    long start = raw.start() - beginning;
    long end = raw.duration().map(it -> start + it).orElse(micros);
    boolean cutShort =
        raw.duration().isEmpty() && descriptor.filter(nonBlocking::contains).isPresent();
    Optional<Peer> peer = peer(raw, descriptor);
    if (end < 0 || start > micros || cutShort) { // What does not block was not waiting at the end.
      remember(raw, descriptor, peer);
      return Optional.empty();
    }
    boolean timedOut = socket && isTimeout(raw, descriptor);
    Kind kind = timedOut ? Kind.WAIT : kind(raw, socket);
    long waited =
        switch (kind) {
          case WAIT, COPY ->
              timedOut
                  ? end - start
                  : Math.clamp(waited(raw, descriptor, peer, start, end), 0, end - start);
          case PARK -> end - start;
          case ASK, OTHER -> 0;
        };
    remember(raw, descriptor, peer);
    boolean atEnd = READS.contains(raw.name()) && raw.value() == 0;
    boolean accepted = ACCEPTS.contains(raw.name()) && raw.value() >= 0;
    if (kind == Kind.WAIT && waited == 0 && (atEnd || accepted)) {
      kind = Kind.OTHER; // It was there already, and nobody was held up.
    }
    long before = Math.max(0, -start);
    Call call =
        new Call(
            start + before,
            Math.min(end, micros) - start - before,
            Math.max(0, waited - before - Math.max(0, end - micros)),
            raw.name(),
            Words.arguments(raw.arguments()),
            Words.result(raw),
            kind,
            peer.map(Peer::name).orElse(""),
            1);
    boolean network = socket || READINESS.contains(raw.name()) || isRing(raw);
    return Optional.of(new Told(call, network));
  }

  /** It blocked, and then was in vain: SO_RCVTIMEO or SO_SNDTIMEO. */
  private boolean isTimeout(Raw raw, Optional<String> descriptor) {
    return IN_VAIN.contains(raw.error())
        && !raw.arguments().contains(NOT_THIS_TIME)
        && !isWithin(raw, LONGER_THAN_A_LOOK)
        && descriptor.filter(nonBlocking::contains).isEmpty();
  }

  private static boolean isWithin(Raw raw, long micros) {
    return raw.duration().filter(it -> it <= micros).isPresent();
  }

  /** It wakes another thread, or finds that there is no need to be parked. */
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
      Raw raw, Optional<String> descriptor, Optional<Peer> peer, long start, long end) {
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
          : peer.map(it -> madeRoom(it, start, end)).orElse(end) - start;
    }
    OptionalLong awaited =
        peer.map(
                it ->
                    ACCEPTS.contains(name)
                        ? it.connected()
                        : raw.value() == 0 ? it.ended() : it.sent(taken.getOrDefault(it, 0L)))
            .orElse(OptionalLong.empty());
    long byDuration = end - start > LONGER_THAN_A_COPY ? end : start;
    return awaited.orElse(byDuration) - start;
  }

  /** When a client that had not read all by then has made room; at once if it had. */
  private long madeRoom(Peer peer, long start, long end) {
    return peer.received(start) < given.getOrDefault(peer, 0L)
        ? peer.madeRoom(start, end).orElse(start)
        : start;
  }

  /** What later calls are told by: who is behind a descriptor, whether it blocks, what was read. */
  private void remember(Raw raw, Optional<String> descriptor, Optional<Peer> peer) {
    String arguments = raw.arguments();
    if (ACCEPTS.contains(raw.name()) && raw.value() >= 0) {
      descriptor(raw.result() + raw.words())
          .ifPresent(
              it -> {
                peer.ifPresent(who -> known.put(it, who));
                if (arguments.contains("SOCK_NONBLOCK")) {
                  nonBlocking.add(it);
                }
              });
    } else if (raw.name().equals("fcntl") && arguments.contains("F_SETFL")) {
      descriptor.ifPresent(it -> mark(it, arguments.contains("O_NONBLOCK")));
    } else if (raw.name().equals("ioctl") && arguments.contains("FIONBIO")) {
      descriptor.ifPresent(it -> mark(it, !arguments.contains("[0]")));
    } else if (IN_VAIN.contains(raw.error())) {
      if (!arguments.contains(NOT_THIS_TIME) && isWithin(raw, LONGER_THAN_A_COPY)) {
        descriptor.ifPresent(nonBlocking::add);
      }
    } else if (READS.contains(raw.name()) && raw.value() > 0 && !arguments.contains("MSG_PEEK")) {
      peer.ifPresent(it -> taken.merge(it, raw.value(), Long::sum));
    } else if (WRITES.contains(raw.name()) && raw.value() > 0) {
      peer.ifPresent(it -> given.merge(it, raw.value(), Long::sum));
    }
  }

  private void mark(String descriptor, boolean doesNotBlock) {
    if (doesNotBlock) {
      nonBlocking.add(descriptor);
    } else {
      nonBlocking.remove(descriptor);
    }
  }

  /** Whom a call served: who is behind its descriptor, or the one that was accepted. */
  private Optional<Peer> peer(Raw raw, Optional<String> descriptor) {
    if (READINESS.contains(raw.name())) {
      return Optional.empty();
    }
    if (ACCEPTS.contains(raw.name())) {
      return descriptor(raw.result() + raw.words())
          .flatMap(this::peer)
          .or(() -> port(ACCEPTED_PORT, raw.arguments()));
    }
    if (raw.name().equals("epoll_ctl")) {
      int second = raw.arguments().indexOf(", ");
      return second < 0
          ? Optional.empty()
          : descriptor(raw.arguments().substring(second)).flatMap(this::peer);
    }
    return descriptor.flatMap(this::peer);
  }

  private Optional<Peer> peer(String descriptor) {
    Matcher port = REMOTE_PORT.matcher(descriptor);
    Optional<Peer> peer =
        port.matches()
            ? Optional.ofNullable(peers.get(Integer.parseInt(port.group(1))))
            : Optional.empty();
    return peer.or(() -> Optional.ofNullable(known.get(descriptor)));
  }

  private Optional<Peer> port(Pattern pattern, String text) {
    Matcher port = pattern.matcher(text);
    return port.find()
        ? Optional.ofNullable(peers.get(Integer.parseInt(port.group(1))))
        : Optional.empty();
  }

  /** The first descriptor in a text, as strace describes it. */
  private static Optional<String> descriptor(String text) {
    Matcher descriptor = DESCRIPTOR.matcher(text);
    return descriptor.find() ? Optional.of(descriptor.group(1)) : Optional.empty();
  }
}
