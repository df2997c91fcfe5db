package iomodels.blocking.programs;

import static iomodels.program.Programs.CHAT;
import static iomodels.program.Programs.GATHER;
import static iomodels.program.Programs.HTTP;
import static iomodels.program.Programs.OFFLOAD;
import static iomodels.program.Programs.RELAY;

import iomodels.server.spi.StyleProvider;
import java.util.List;

/** Offers the programs in this style. */
public final class VirtualStyle implements StyleProvider {

  @Override
  public String style() {
    return "virtual-threads";
  }

  @Override
  public String summary() {
    return "Blocking code in virtual threads";
  }

  @Override
  public List<Page> pages() {
    return List.of(
        new Page(RELAY, VirtualRelay.class, "two virtual per client", VirtualRelay::start),
        new Page(
            GATHER,
            VirtualGather.class,
            "two virtual per client, one per backend call",
            VirtualGather::start),
        new Page(CHAT, VirtualChat.class, "two virtual per client", VirtualChat::start),
        new Page(
            OFFLOAD, VirtualOffload.class, "two virtual per client, a pool", VirtualOffload::start),
        new Page(HTTP, VirtualHttp.class, "one virtual per client", VirtualHttp::start));
  }
}
