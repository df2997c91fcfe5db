package iomodels.service;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The five services. Each constant documents a complete grammar: a server in any language can
 * implement it. Bytes are octets; LF is 0x0A.
 */
public final class Services {

  /**
   * Upper-cases ASCII: each byte 0x61–0x7A less 0x20, the other 230 values untouched, as Python's
   * {@code bytes.upper} does. TCP and UDP.
   */
  public static final Service UPPER = new Named("upper", Upper::new, Optional.of(Upper::reply));

  /**
   * Answers {@code dddddd} to each chunk received, whatever it holds: the reply of the textbook's
   * {@code select} server. It counts receives, which TCP does not preserve, so it promises a reply
   * per request only to a client that awaits each one and sends at most 512 bytes in it. TCP and
   * UDP.
   */
  public static final Service FIXED = new Named("fixed", Fixed::new, Optional.of(Fixed::reply));

  /**
   * Upper-cases by the line. LF ends a line and is sent back with it, a CR before it is kept.
   * Nothing is answered before the line is complete; a last line without LF is answered, without
   * LF, at the end of input. A line of more than 8,192 bytes, its LF not counted, is answered with
   * {@code ERR line too long} and LF, after which the session has finished. TCP.
   */
  public static final Service LINES = new Named("lines", Lines::new, Optional.empty());

  /**
   * Sends as many bytes as it is asked for. A request is one to thirteen ASCII digits and LF; its
   * reply is that many bytes, byte <i>i</i> of it being <i>i</i> mod 251. Requests may be pipelined
   * and are answered in order. Anything else, and a request that the end of input cuts off, is
   * answered with {@code ERR expected a count} and LF, after which the session has finished. It
   * shows back-pressure, which an echo cannot. TCP.
   */
  public static final Service FLOOD = new Named("flood", Flood::new, Optional.empty());

  /** Discards all input, and sends nothing; answers a FIN with a FIN. TCP. */
  public static final Service DISCARD = new Named("discard", Discard::new, Optional.empty());

  private static final List<Service> ALL = List.of(UPPER, FIXED, LINES, FLOOD, DISCARD);

  static {
    loadClassesOfBufferAccess();
  }

  private Services() {}

  /**
   * Loads the classes that appear in the signatures of the JDK's internal access methods of {@link
   * ByteBuffer}, such as {@code ScopedMemoryAccess.getLongUnaligned}. C2 does not inline a method
   * while a class in its signature is not loaded (see JDK-8294609), and a server need not use
   * anything that loads these. If C2 then compiles a session before it compiles the access methods
   * themselves, which loads them, the session calls one of them for each word for ever: for 16 KiB
   * of {@code upper} that is 30 times slower.
   */
  private static void loadClassesOfBufferAccess() {
    MemorySegment _ = MemorySegment.ofBuffer(ByteBuffer.allocate(0));
  }

  /** All services, in the order of this page. */
  public static List<Service> all() {
    return ALL;
  }

  /** Finds a service by its name. */
  public static Optional<Service> named(String name) {
    return ALL.stream().filter(service -> service.name().equals(name)).findFirst();
  }

  private record Named(String name, Supplier<Session> sessions, Optional<Responder> datagrams)
      implements Service {

    @Override
    public Session open() {
      return sessions.get();
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
