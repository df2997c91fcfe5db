package iomodels.nio.programs;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.HTTP;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;

import iomodels.server.spi.StyleProvider;
import java.util.List;

/** Offers the programs in this style. */
public final class SelectorStyle implements StyleProvider {

  /** Name of the style; the names of its threads and loggers begin with it. */
  static final String NAME = "nio-selector";

  @Override
  public String style() {
    return NAME;
  }

  @Override
  public String summary() {
    return "One thread waits for all sockets; the state of each conversation is kept in fields";
  }

  @Override
  public List<Page> pages() {
    return List.of(
        new Page(RELAY, SelectorRelay.class, "one", SelectorRelay::start),
        new Page(GATHER, SelectorGather.class, "one", SelectorGather::start),
        new Page(CHAT, SelectorChat.class, "one", SelectorChat::start),
        new Page(OFFLOAD, SelectorOffload.class, "one, a pool", SelectorOffload::start),
        new Page(HTTP, SelectorHttp.class, "one", SelectorHttp::start));
  }
}
