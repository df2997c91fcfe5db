package iomodels.cli.options;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.output.UserError;
import iomodels.server.Transport;
import iomodels.server.spi.ServerProvider;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --transport}: what a framework uses below its API. */
public final class TransportOption {

  /** The name of the option. */
  public static final String NAME = "--transport";

  @Option(
      names = NAME,
      paramLabel = "NAME",
      description =
          "Transport of a model that has a choice: ${COMPLETION-CANDIDATES}; see: iomodels list"
              + " --probe")
  private Optional<Transport> transport = Optional.empty();

  /** Whether the option is given. */
  public boolean isGiven() {
    return transport.isPresent();
  }

  /** The option as it stands on a command line, with a blank in front; empty if it is not given. */
  public String asArgument() {
    return transport.map(it -> " " + NAME + " " + it).orElse("");
  }

  /**
   * The transport for a model; empty if the option is not given.
   *
   * @throws UserError if the model does not have it, or it does not work on this machine
   */
  public Optional<Transport> of(ServerProvider model) throws UserError {
    return ArgumentResolver.transport(model, transport);
  }
}
