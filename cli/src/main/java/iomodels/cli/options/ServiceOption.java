package iomodels.cli.options;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.output.UserError;
import iomodels.service.Service;
import iomodels.service.Services;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --service}: the service that a server provides. */
public final class ServiceOption {

  /** The name of the option. */
  public static final String NAME = "--service";

  @Option(
      names = NAME,
      paramLabel = "NAME",
      description =
          "Service of the server: upper, echo, fixed, lines, flood or discard (default: upper). A"
              + " load needs replies: not discard. conform needs it for servers of your own only,"
              + " and takes several for --exec: upper,flood,lines.")
  private Optional<String> name = Optional.empty();

  /** Whether the option is given. */
  public boolean isGiven() {
    return name.isPresent();
  }

  /** The name of the service. */
  public String name() {
    return name.orElse(Services.UPPER.name());
  }

  /**
   * The services, of which the name lists several.
   *
   * @throws UserError if there is none of such a name
   */
  public List<Service> services() throws UserError {
    List<Service> services = new ArrayList<>();
    for (String each : name().split(",", -1)) {
      services.add(ArgumentResolver.service(each.strip()));
    }
    return services;
  }

  /**
   * The service.
   *
   * @throws UserError if there is none of that name
   */
  public Service service() throws UserError {
    return ArgumentResolver.service(name());
  }
}
