package iomodels.reactor.programs;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.HTTP;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;

import iomodels.netty.Transports;
import iomodels.server.spi.StyleProvider;
import java.util.List;

/** Provides the programs in Reactor Netty. */
public final class ReactorNettyStyle implements StyleProvider {

  @Override
  public String style() {
    return "reactor-netty";
  }

  @Override
  public String summary() {
    return "Publishers composed with operators; demand provides back-pressure";
  }

  @Override
  public List<Page> pages() {
    return List.of(
        new Page(
            RELAY,
            ReactorNettyRelay.class,
            "event loops",
            it -> ReactorNettyRelay.start(it, Transports.best())),
        new Page(
            GATHER,
            ReactorNettyGather.class,
            "event loops",
            it -> ReactorNettyGather.start(it, Transports.best())),
        new Page(
            CHAT,
            ReactorNettyChat.class,
            "one event loop",
            it -> ReactorNettyChat.start(it, Transports.best())),
        new Page(
            OFFLOAD,
            ReactorNettyOffload.class,
            "event loops, a pool",
            it -> ReactorNettyOffload.start(it, Transports.best())),
        new Page(
            HTTP,
            ReactorNettyHttp.class,
            "event loops",
            it -> ReactorNettyHttp.start(it, Transports.best())));
  }

  @Override
  public List<String> nativeModules() {
    return List.of("io.netty.common");
  }
}
