package iomodels.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iomodels.service.Session.Progress;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Sessions and responders allocate nothing per call; so garbage collection affects no measurement.
 */
class AllocationTest {

  static final List<Service> SERVICES = Services.all();

  private static final int CALLS = 100_000;

  /** Less than a byte per call: an allowance for the test itself and the virtual machine. */
  private static final long ALLOWED = CALLS / 2;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @ParameterizedTest
  @FieldSource("SERVICES")
  void aSessionAllocatesNothingPerCall(Service service) {
    Session session = service.open();
    ByteBuffer in = ByteBuffer.wrap("1234\n".getBytes(US_ASCII));
    // Shorter than a reply, so that the session has to write replies in parts.
    ByteBuffer out = ByteBuffer.allocateDirect(3);

    assertThat(allocatedBy(() -> converse(session, in, out))).isLessThan(ALLOWED);
  }

  @ParameterizedTest
  @FieldSource("SERVICES")
  void aResponderAllocatesNothingPerDatagram(Service service) {
    ByteBuffer in = ByteBuffer.wrap("hello".getBytes(US_ASCII));
    ByteBuffer out = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
    service
        .datagrams()
        .ifPresent(
            responder ->
                assertThat(allocatedBy(() -> answer(responder, in, out))).isLessThan(ALLOWED));
  }

  private static long allocatedBy(Runnable manyCalls) {
    for (int i = 0; i < 3; i++) {
      manyCalls.run();
    }
    long before = THREADS.getCurrentThreadAllocatedBytes();
    manyCalls.run();
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  private static void converse(Session session, ByteBuffer in, ByteBuffer out) {
    for (int i = 0; i < CALLS; i++) {
      if (session.advance(in, out.clear(), false) == Progress.UNDERFLOW) {
        in.rewind();
      }
    }
  }

  private static void answer(Responder responder, ByteBuffer in, ByteBuffer out) {
    for (int i = 0; i < CALLS; i++) {
      responder.reply(in.rewind(), out.clear());
    }
  }
}
