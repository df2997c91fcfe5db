package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.trace.Trace.Buffers;
import java.util.List;
import org.junit.jupiter.api.Test;

class SocketBuffersTest {

  private static final int SERVER = 7771;
  private static final int CLIENT = 39848;

  private final SocketBuffers buffers = new SocketBuffers(SERVER);

  private static String line(
      int received, int unsent, int local, int remote, int receive, int send) {
    return ("ESTAB %d      %d [::ffff:127.0.0.1]:%d  [::ffff:127.0.0.1]:%d "
            + "skmem:(r%d,rb%d,t0,tb%d,f0,w0,o0,bl0,d0)")
        .formatted(received, unsent, local, remote, received, receive, send);
  }

  @Test
  void bothSidesOfAConnectionAreTheFourBuffersOfItsClient() {
    buffers.seen(
        1_500, List.of(line(6, 7, CLIENT, SERVER, 100, 200), line(8, 9, SERVER, CLIENT, 300, 400)));

    assertThat(buffers.of(CLIENT, 1_000))
        .containsExactly(
            new Buffers(500, List.of(200L, 300L, 400L, 100L), List.of(7L, 8L, 9L, 6L)));
    assertThat(buffers.of(1, 1_000)).isEmpty();
  }

  @Test
  void onlyChangesAreKept() {
    String client = line(6, 0, CLIENT, SERVER, 100, 200);
    String server = line(0, 0, SERVER, CLIENT, 300, 400);
    buffers.seen(1_000, List.of(client, server));
    buffers.seen(2_000, List.of(server, client));
    buffers.seen(3_000, List.of(client, server.replace("rb300", "rb900")));

    assertThat(buffers.of(CLIENT, 0)).extracting(Buffers::at).containsExactly(1_000L, 3_000L);
  }

  @Test
  void aConnectionIsUnknownUntilBothSidesAreSeen() {
    buffers.seen(1_000, List.of(line(6, 7, CLIENT, SERVER, 100, 200), "no socket"));

    assertThat(buffers.of(CLIENT, 0)).isEmpty();
  }
}
