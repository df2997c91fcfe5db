package iomodels.examples;

import iomodels.examples.ExampleServer.Page;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The echo servers of the frameworks' documentation, changed to reply in upper case. The rules of
 * half-close apply to them as well, since the documentation does not exclude it.
 */
public final class Examples {

  /** The prefix of an example's name where names of models or styles stand as well. */
  public static final String PREFIX = "example-";

  private static final List<Example> ALL =
      List.of(
          example(
              "vertx",
              "Vert.x: one handler, which writes back what it receives",
              "Tornado, asyncio",
              VertxExample::serve,
              List.of("4.06", "9.06")),
          example(
              "reactor-netty",
              "Reactor Netty: the received stream is the stream that is sent",
              "Twisted, RxPY",
              ReactorNettyExample::serve,
              List.of("4.06", "9.06")),
          example(
              "netty",
              "Netty: a handler writes back what it reads, and flushes when the read is complete",
              "asyncio.Protocol",
              NettyExample::serve,
              List.of("4.06", "9.06")));

  private Examples() {}

  /** Returns all examples. */
  public static List<Example> all() {
    return ALL;
  }

  /** Returns the example of a framework, such as {@code vertx}. */
  public static Optional<Example> named(String framework) {
    return ALL.stream().filter(example -> example.name().equals(framework)).findFirst();
  }

  private static Example example(
      String framework, String summary, String inPython, Page page, List<String> broken) {
    ModelCard card =
        new ModelCard(
            PREFIX + framework,
            summary,
            IoModel.MULTIPLEXING,
            Notification.CALLBACK,
            Threading.EVENT_LOOPS,
            "the event loop, in Netty",
            "Netty, before the handler",
            inPython);
    return new Example(framework, broken, new Provider(card, page));
  }

  private record Provider(ModelCard card, Page page) implements ServerProvider {

    @Override
    public Set<Capability> capabilities(ServerConfig config) {
      return Set.of(Capability.CONCURRENT, Capability.HALF_CLOSE);
    }

    @Override
    public List<String> nativeModules() {
      return List.of("io.netty.common");
    }

    @Override
    public Server start(ServerConfig config, Service service) throws IOException {
      return page.serve(config.address());
    }
  }
}
