package iomodels.lab.bench;

import iomodels.meter.CostMeter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A running server to be measured, in a process of its own. It serves {@code upper} or a program.
 *
 * @param name for reports
 * @param address its TCP address
 * @param process the process whose costs are the server's
 * @param connections the most connections that it serves at a time
 * @param restless whether it uses its processor when idle: it is then stopped while others are
 *     measured
 * @param datagrams whether it serves over UDP as well, on the same port
 * @param java whether its process is a JVM, which {@code jcmd} can inspect
 * @param upstream the server behind it, if it forwards; its costs are not the server's
 */
public record ServerUnderTest(
    String name,
    InetSocketAddress address,
    ProcessHandle process,
    int connections,
    boolean restless,
    boolean datagrams,
    boolean java,
    Optional<Upstream> upstream) {

  private static final long KILL_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Error message where costs cannot be measured. */
  public static final String NO_PROC = "cannot measure the cost of a server: there is no /proc";

  /**
   * The server behind a server that forwards. It is a part of the load: while it is saturated, a
   * better server under test would not be faster.
   *
   * @param besideLoad whether it shares its processor with the load generator
   */
  public record Upstream(ProcessHandle process, boolean besideLoad) {}

  /** A server for any number of connections that uses no processor when idle. */
  public static ServerUnderTest of(String name, InetSocketAddress address, ProcessHandle process) {
    return new ServerUnderTest(
        name, address, process, Integer.MAX_VALUE, false, false, false, Optional.empty());
  }

  /** A yardstick. */
  public static ServerUnderTest of(Yardstick yardstick) {
    return new ServerUnderTest(
        "c-" + yardstick.name(),
        yardstick.address(),
        yardstick.process(),
        Yardstick.connections(yardstick.name()),
        false,
        yardstick.name().equals(Yardstick.DATAGRAMS),
        false,
        Optional.empty());
  }

  /** nginx. */
  public static ServerUnderTest of(Nginx nginx) {
    return of(Nginx.NAME, nginx.address(), nginx.process());
  }

  /** Returns a copy with an upstream server. */
  public ServerUnderTest withUpstream(Upstream wanted) {
    return new ServerUnderTest(
        name, address, process, connections, restless, datagrams, java, Optional.of(wanted));
  }

  /**
   * Measures its costs.
   *
   * @throws IOException if there is no {@code /proc} to read them from
   */
  public CostMeter meter() throws IOException {
    return CostMeter.of(process).orElseThrow(() -> new IOException(NO_PROC));
  }

  /** Stops it (SIGSTOP), if it is restless. */
  void pause() throws IOException {
    signal("-STOP");
  }

  /** Continues it (SIGCONT). */
  void resume() throws IOException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException {
    if (!restless) {
      return;
    }
    Process kill = new ProcessBuilder("kill", signal, String.valueOf(process.pid())).start();
    if (!endsWithin(kill, KILL_NANOS) || kill.exitValue() != 0) {
      throw new IOException("cannot send SIG%s to %s".formatted(signal.substring(1), name));
    }
  }

  /** Keeps an interrupt for later: a SIGSTOP that arrives after SIGCONT would leave it stopped. */
  private static boolean endsWithin(Process process, long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
