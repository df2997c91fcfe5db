package iomodels.vertx.programs;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.HTTP;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;

import iomodels.server.spi.StyleProvider;
import java.util.List;

/** Provides the programs with RxJava. */
public final class RxJavaStyle implements StyleProvider {

  @Override
  public String style() {
    return "vertx-rxjava";
  }

  @Override
  public String summary() {
    return "Streams composed with operators; demand provides back-pressure";
  }

  @Override
  public List<Page> pages() {
    return List.of(
        new Page(RELAY, RxJavaRelay.class, "event loops", RxJavaRelay::start),
        new Page(GATHER, RxJavaGather.class, "event loops", RxJavaGather::start),
        new Page(CHAT, RxJavaChat.class, "one event loop", RxJavaChat::start),
        new Page(OFFLOAD, RxJavaOffload.class, "event loops, a pool", RxJavaOffload::start),
        new Page(HTTP, RxJavaHttp.class, "event loops", RxJavaHttp::start));
  }

  @Override
  public List<String> nativeModules() {
    return List.of("io.netty.common");
  }
}
