package iomodels.lab;

import iomodels.meter.CostMeter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A server in a process of its own, of {@code upper} or of a program, to be measured beside others.
 *
 * @param name for reports
 * @param address where it listens, over TCP
 * @param process what bears its costs
 * @param connections how many it serves at a time, at most
 * @param restless whether it uses its processor with nothing to do, and so has to be stopped while
 *     others are measured there
 * @param datagrams whether it serves the same over UDP, on the same port
 * @param java whether its process is a JVM, which can be asked about its heap
 * @param upstream who answers behind it, if it only forwards; of its costs that is none
 */
public record Contestant(
    String name,
    InetSocketAddress address,
    ProcessHandle process,
    int connections,
    boolean restless,
    boolean datagrams,
    boolean java,
    Optional<Upstream> upstream) {

  /**
   * Who answers behind a contestant. It is a part of the load: while it has no time left, a better
   * contestant would carry no more.
   *
   * @param besideLoad whether it has its processor in common with the load generator
   */
  public record Upstream(ProcessHandle process, boolean besideLoad) {}

  /** One that serves many, and rests while it is not asked. */
  public static Contestant of(String name, InetSocketAddress address, ProcessHandle process) {
    return new Contestant(
        name, address, process, Integer.MAX_VALUE, false, false, false, Optional.empty());
  }

  /** One of our own. */
  public static Contestant of(Yardstick yardstick) {
    return new Contestant(
        "c-" + yardstick.name(),
        yardstick.address(),
        yardstick.process(),
        Yardstick.connections(yardstick.name()),
        false,
        yardstick.name().equals(Yardstick.DATAGRAMS),
        false,
        Optional.empty());
  }

  /** The same, forwarding to that one. */
  public Contestant withUpstream(Upstream wanted) {
    return new Contestant(
        name, address, process, connections, restless, datagrams, java, Optional.of(wanted));
  }

  /**
   * What tells its costs.
   *
   * @throws IOException if there is no {@code /proc} to read them from
   */
  public CostMeter meter() throws IOException {
    return CostMeter.of(process)
        .orElseThrow(() -> new IOException("there is no /proc to see by what a server takes"));
  }

  /** Stops it where it is, if it is restless. */
  void pause() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** Lets it go on. */
  void resume() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    if (!restless) {
      return;
    }
    Process kill = new ProcessBuilder("kill", signal, String.valueOf(process.pid())).start();
    if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
      throw new IOException("%s could not be sent %s".formatted(name, signal));
    }
  }
}
