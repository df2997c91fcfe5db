package iomodels.conformance.targets;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A running program, which the kit did not start. It has a configuration of its own.
 *
 * @param program the program that runs there
 * @param address where it listens
 */
public record ProgramAddressTarget(Program program, InetSocketAddress address)
    implements ProgramTarget {

  @Override
  public String name() {
    return HostAndPort.write(address);
  }

  @Override
  public boolean launchable() {
    return false;
  }

  @Override
  public boolean isExternal() {
    return true;
  }

  @Override
  public boolean hasDeadline() {
    return false;
  }

  @Override
  public boolean launchesProcesses() {
    return false;
  }

  /**
   * Returns the running program; closing the instance does nothing.
   *
   * @throws IOException if nothing listens at the address; the message is for the user
   */
  @Override
  public Instance launch(ProgramConfig config) throws IOException {
    AddressTarget.demandListener(address);
    return new Running(address);
  }

  private record Running(InetSocketAddress address) implements Instance {

    @Override
    public void stop() {
      throw new IllegalStateException("the kit cannot stop the program");
    }

    @Override
    public boolean awaitEnd(Duration within) {
      return false;
    }

    @Override
    public void close() {}
  }

  @Override
  public void close() {}
}
