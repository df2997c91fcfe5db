package iomodels.wrong;

import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.Target;
import iomodels.server.ModelCard;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A target that provides one service only, as an external server does.
 *
 * @param all the target that provides the service
 * @param only the service
 * @param external what it claims, if it is external: such a server has no model card
 */
record OneService(Target all, Service only, Optional<Optional<Set<Capability>>> external)
    implements Target {

  /** A model that provides one service. */
  static Target of(Target all, Service only) {
    return new OneService(all, only, Optional.empty());
  }

  /** An external server that claims nothing. */
  static Target unclaimed(Target all, Service only) {
    return new OneService(all, only, Optional.of(Optional.empty()));
  }

  @Override
  public String name() {
    return "%s of %s".formatted(only.name(), all.name());
  }

  @Override
  public Optional<Set<Capability>> claims() {
    return external.orElseGet(all::claims);
  }

  @Override
  public Optional<ModelCard> card() {
    return external.isPresent() ? Optional.empty() : all.card();
  }

  @Override
  public OptionalInt maxConnections() {
    return all.maxConnections();
  }

  @Override
  public boolean serves(Service service) {
    return service.equals(only);
  }

  @Override
  public boolean launchable() {
    return all.launchable();
  }

  @Override
  public boolean launchesProcesses() {
    return all.launchesProcesses();
  }

  @Override
  public InetSocketAddress shared(Service service) throws IOException, InterruptedException {
    return all.shared(service);
  }

  @Override
  public Instance launch(Service service, int port) throws IOException, InterruptedException {
    return all.launch(service, port);
  }

  @Override
  public boolean launchesOnAnyHost() {
    return all.launchesOnAnyHost();
  }

  @Override
  public Instance launchOn(Service service, InetAddress host)
      throws IOException, InterruptedException {
    return all.launchOn(service, host);
  }

  @Override
  public Instance launchWithin(Service service, int descriptors)
      throws IOException, InterruptedException {
    return all.launchWithin(service, descriptors);
  }

  @Override
  public void close() {
    all.close();
  }
}
