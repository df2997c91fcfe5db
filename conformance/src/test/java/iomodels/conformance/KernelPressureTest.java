package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What counts as a lack of memory for TCP, by files as the kernel shows them. */
class KernelPressureTest {

  @TempDir private Path proc;

  private KernelPressure files(long pruned, long aborted, long chrono, long drops, long pages)
      throws IOException {
    return files(pruned, aborted, chrono, drops, pages, "no");
  }

  private KernelPressure files(
      long pruned, long aborted, long chrono, long drops, long pages, String press)
      throws IOException {
    Files.createDirectories(proc.resolve("net"));
    Files.createDirectories(proc.resolve("sys/net/ipv4"));
    Files.writeString(
        proc.resolve("net/netstat"),
        """
        TcpExt: SyncookiesSent PruneCalled TCPRcvCollapsed TCPAbortOnMemory TCPMemoryPressures\
         TCPMemoryPressuresChrono TCPRcvQDrop
        TcpExt: 0 %d 40 %d 3 %d %d
        IpExt: InNoRoutes InTruncatedPkts
        IpExt: 0 9
        """
            .formatted(pruned, aborted, chrono, drops));
    Files.writeString(
        proc.resolve("net/sockstat"),
        """
        sockets: used 33
        TCP: inuse 2 orphan 0 tw 5889 alloc 7 mem %d
        UDP: inuse 0 mem 999999
        """
            .formatted(pages));
    Files.writeString(
        proc.resolve("net/protocols"),
        """
        protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se
        TCPv6     2344      9   27288   no       0   yes  kernel      y  y  y  y  y  y  y  y  y  y  y
        TCP       2200      3   27288   %s       0   yes  kernel      y  y  y  y  y  y  y  y  y  y  y
        """
            .formatted(press));
    Files.writeString(proc.resolve("sys/net/ipv4/tcp_mem"), "287901\t383868\t575802\n");
    return KernelPressure.in(proc);
  }

  @Test
  void counterThatGrowsOnlyUnderPressureShowsIt() throws Exception {
    KernelPressure before = files(5, 0, 700, 2, 176);
    assertThat(files(5, 0, 1_934, 2, 176).since(before))
        .contains("the kernel was short of memory for TCP: TCPMemoryPressuresChrono grew by 1,234");
    assertThat(files(5, 2, 700, 2, 176).since(before))
        .hasValueSatisfying(it -> assertThat(it).endsWith("TCPAbortOnMemory grew by 2"));
  }

  @Test
  void onlyAbortedConnectionsCountAsResets() throws Exception {
    KernelPressure before = files(5, 1, 700, 2, 176);
    assertThat(files(9, 1, 1_934, 3, 400_000).abortsSince(before)).isEmpty();
    assertThat(files(5, 3, 700, 2, 176).abortsSince(before))
        .hasValueSatisfying(it -> assertThat(it).endsWith("TCPAbortOnMemory grew by 2"));
  }

  @Test
  void memoryAboveTheSecondLimitShowsItAtEitherEnd() throws Exception {
    KernelPressure calm = files(5, 0, 700, 2, 176);
    KernelPressure full = files(5, 0, 700, 2, 383_868);
    assertThat(full.since(calm))
        .contains("the kernel was short of memory for TCP: 383,868 pages were in use");
    assertThat(calm.since(full)).isPresent();
  }

  @Test
  void theKernelsOwnFlagShowsPressureThatHasNotEnded() throws Exception {
    KernelPressure before = files(5, 0, 700, 2, 300_000, "yes");
    assertThat(before.since(before)).isPresent();
  }

  @Test
  void lossesCountOnlyNearTheLimit() throws Exception {
    KernelPressure before = files(5, 0, 700, 2, 176);
    assertThat(files(9, 0, 700, 30, 176).since(before)).isEmpty();
    assertThat(files(9, 0, 700, 30, 287_901).since(before))
        .contains(
            "the kernel was short of memory for TCP: TCPRcvQDrop grew by 28, PruneCalled grew by"
                + " 4");
  }

  @Test
  void droppedPacketsCount() throws Exception {
    files(5, 0, 700, 2, 176);
    Path softnet = proc.resolve("net/softnet_stat");
    Files.writeString(softnet, "038e9dc6 000001ec 0000000a\n0391c6a9 00000000 00000002\n");
    KernelPressure before = KernelPressure.in(proc);
    assertThat(before.since(before)).isEmpty();
    Files.writeString(softnet, "038e9dc7 000001f0 0000000a\n0391c6aa 00000010 00000002\n");
    assertThat(KernelPressure.in(proc).since(before))
        .contains("the kernel dropped 20 packets, since too many were waiting");
    Files.writeString(softnet, "zz yy\n");
    assertThat(KernelPressure.in(proc).since(before)).isEmpty();
  }

  @Test
  void anOrdinaryMachineIsNotShort() throws Exception {
    KernelPressure before = files(5, 0, 700, 2, 176);
    assertThat(files(5, 0, 700, 2, 287_900).since(before)).isEmpty();
  }

  @Test
  void withoutFilesNothingIsKnown() throws Exception {
    KernelPressure nothing = KernelPressure.in(proc.resolve("missing"));
    assertThat(nothing.since(nothing)).isEmpty();
    assertThat(files(5, 0, 700, 2, 176).since(nothing)).isEmpty();
    Files.writeString(proc.resolve("net/netstat"), "TcpExt: A B\nTcpExt: x\n");
    Files.writeString(proc.resolve("net/sockstat"), "TCP: inuse 2 mem\n");
    Files.writeString(proc.resolve("sys/net/ipv4/tcp_mem"), "many\n");
    Files.writeString(proc.resolve("net/protocols"), "\n");
    assertThat(KernelPressure.in(proc).since(nothing)).isEmpty();
  }
}
