package iomodels.service;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The six services. The Javadoc of each constant is a complete specification, from which a server
 * can be written in any language. Bytes are octets; LF is 0x0A.
 */
public final class Services {

  /**
   * Upper-cases ASCII letters, as Python's {@code bytes.upper} does: subtracts 0x20 from each byte
   * in 0x61–0x7A, and leaves the other 230 values unchanged. TCP and UDP.
   */
  public static final Service UPPER = new Named("upper", Upper::new, Optional.of(Upper::reply));

  /** Sends back each byte as it is (RFC 862), as soon as it is received. TCP and UDP. */
  public static final Service ECHO = new Named("echo", Echo::new, Optional.of(Echo::reply));

  /**
   * Answers each chunk that the server receives with {@code dddddd}, whatever the chunk contains,
   * like the {@code select} server of the textbooks. TCP does not preserve the boundaries between
   * the sender's writes. So a client gets exactly one reply per request only if it sends at most
   * 512 bytes in a request, and waits for each reply before it sends the next request. TCP and UDP.
   */
  public static final Service FIXED = new Named("fixed", Fixed::new, Optional.of(Fixed::reply));

  /**
   * Upper-cases line by line. LF ends a line and is sent back with it; a CR before the LF is kept.
   * The reply to a line is sent when the line is complete. At the end of input, a last line without
   * LF is answered without LF. A line of more than 8,192 bytes, not counting its LF, is answered
   * with {@code ERR line too long} and LF, and the session then finishes. TCP.
   */
  public static final Service LINES = new Named("lines", Lines::new, Optional.empty());

  /**
   * Sends as many bytes as the client requests. A request is one to thirteen ASCII digits and LF.
   * The reply has that many bytes; byte <i>i</i> is <i>i</i> mod 251. Requests may be pipelined,
   * and are answered in order. A malformed request, or one that the end of input cuts off, is
   * answered with {@code ERR expected a count} and LF, and the session then finishes. This service
   * shows back-pressure, since a short request can have a long reply. TCP.
   */
  public static final Service FLOOD = new Named("flood", Flood::new, Optional.empty());

  /** Discards all input and sends no data; answers a FIN with a FIN. TCP. */
  public static final Service DISCARD = new Named("discard", Discard::new, Optional.empty());

  private static final List<Service> ALL = List.of(UPPER, ECHO, FIXED, LINES, FLOOD, DISCARD);

  static {
    loadClassesOfBufferAccess();
  }

  private Services() {}

  /**
   * Loads the classes in the signatures of the methods by which {@link ByteBuffer} accesses memory,
   * such as {@code ScopedMemoryAccess.getLongUnaligned}. C2 does not inline a method while a class
   * in its signature is not loaded (see JDK-8294609), and a server may use nothing else that loads
   * these classes. C2 loads them when it compiles the access methods themselves. If it compiles a
   * session first, that session calls an access method for each word from then on: {@code upper} of
   * 16 KiB is then 30 times slower.
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
