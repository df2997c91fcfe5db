package iomodels.wrong;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Threading;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;

/**
 * A server that is wrong in one way.
 *
 * @param name short and stable, in kebab case
 * @param rule the id of the rule that it breaks, such as {@code 4.01}
 * @param fault the fault, as a sentence in the third person that ends with a full stop
 * @param symptom a part of the detail of the finding that the kit must report
 * @param provider starts the server; {@link java.util.ServiceLoader} does not find it, as it is not
 *     a model
 */
public record WrongServer(
    String name, String rule, String fault, String symptom, ServerProvider provider) {

  /** All capabilities that a server on the JDK's channels can have. */
  static final Set<Capability> JDK =
      Set.of(Capability.CONCURRENT, Capability.HALF_CLOSE, Capability.DATAGRAMS);

  /** Creates a server that is not yet bound. */
  interface Factory {
    CorrectServer create(ServerConfig config, Service service) throws IOException;
  }

  /** A wrong server that claims all capabilities of the JDK's channels. */
  static WrongServer of(String name, String rule, String fault, String symptom, Factory factory) {
    return new WrongServer(name, rule, fault, symptom, provider(name, fault, JDK, factory));
  }

  /** A wrong server that claims these capabilities only. */
  static WrongServer claiming(
      Set<Capability> claims,
      String name,
      String rule,
      String fault,
      String symptom,
      Factory factory) {
    return new WrongServer(name, rule, fault, symptom, provider(name, fault, claims, factory));
  }

  /** A wrong server that does not claim to serve clients concurrently. */
  static WrongServer sequential(
      String name, String rule, String fault, String symptom, Factory factory) {
    Set<Capability> claims = EnumSet.of(Capability.HALF_CLOSE, Capability.DATAGRAMS);
    return new WrongServer(name, rule, fault, symptom, provider(name, fault, claims, factory));
  }

  /** A wrong server that declares this kind of notification. */
  static WrongServer declared(
      Notification notification,
      String name,
      String rule,
      String fault,
      String symptom,
      Factory factory) {
    ServerProvider provider = provider(name, fault, notification, JDK, factory);
    return new WrongServer(name, rule, fault, symptom, provider);
  }

  static ServerProvider provider(
      String name, String sentence, Set<Capability> claims, Factory factory) {
    return provider(name, sentence, Notification.RETURN, claims, factory);
  }

  private static ServerProvider provider(
      String name,
      String sentence,
      Notification notification,
      Set<Capability> claims,
      Factory factory) {
    boolean concurrent = claims.contains(Capability.CONCURRENT);
    ModelCard card =
        new ModelCard(
            name,
            sentence.substring(0, sentence.length() - 1),
            IoModel.BLOCKING,
            notification,
            concurrent ? Threading.VIRTUAL_PER_CONNECTION : Threading.ONE,
            "SocketChannel.read()",
            "SocketChannel.read()",
            concurrent ? "threading, socket.recv" : "socket.recv");
    return new ServerProvider() {
      @Override
      public ModelCard card() {
        return card;
      }

      @Override
      public Set<Capability> capabilities(ServerConfig config) {
        Set<Capability> capabilities = EnumSet.copyOf(claims);
        if (!config.datagrams()) {
          capabilities.remove(Capability.DATAGRAMS);
        }
        return capabilities;
      }

      @Override
      public Server start(ServerConfig config, Service service) throws IOException {
        return factory.create(config, service).start();
      }
    };
  }
}
