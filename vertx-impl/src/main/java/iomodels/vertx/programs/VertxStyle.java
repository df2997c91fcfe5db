package iomodels.vertx.programs;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.HTTP;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;

import iomodels.server.spi.StyleProvider;
import java.util.List;

/** Provides the programs with handlers and futures. */
public final class VertxStyle implements StyleProvider {

  @Override
  public String style() {
    return "vertx";
  }

  @Override
  public String summary() {
    return "Handlers for events, futures for results";
  }

  @Override
  public List<Page> pages() {
    return List.of(
        new Page(RELAY, VertxRelay.class, "event loops", VertxRelay::start),
        new Page(GATHER, VertxGather.class, "event loops", VertxGather::start),
        new Page(CHAT, VertxChat.class, "one event loop", VertxChat::start),
        new Page(OFFLOAD, VertxOffload.class, "event loops, a pool", VertxOffload::start),
        new Page(HTTP, VertxHttp.class, "event loops", VertxHttp::start));
  }

  @Override
  public List<String> nativeModules() {
    return List.of("io.netty.common");
  }
}
