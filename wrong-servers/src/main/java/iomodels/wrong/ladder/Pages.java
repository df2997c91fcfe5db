package iomodels.wrong.ladder;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Five implementations whose sources show a step of the ladder.
 *
 * @param namesAndFiles for each the name of the page, a blank, and the file without its extension
 */
record Pages(List<String> namesAndFiles) {

  static final Pages MODELS =
      of(
          "blocking-threads"
              + " blocking-impl/src/main/java/iomodels/blocking/ThreadPerConnectionServer",
          "nio-selector nio-impl/src/main/java/iomodels/nio/SelectorServer",
          "linux-epoll linux-impl/src/main/java/iomodels/linux/EpollServer",
          "vertx vertx-impl/src/main/java/iomodels/vertx/VertxServer",
          "reactor-netty reactor-impl/src/main/java/iomodels/reactor/ReactorNettyServer");

  static final Pages DATAGRAMS =
      of(
          "blocking-threads blocking-impl/src/main/java/iomodels/blocking/DatagramServer",
          "nio-selector nio-impl/src/main/java/iomodels/nio/UdpSocket",
          "linux-epoll linux-impl/src/main/java/iomodels/linux/UdpSocket",
          "vertx vertx-impl/src/main/java/iomodels/vertx/DatagramServer",
          "reactor-netty reactor-impl/src/main/java/iomodels/reactor/DatagramServer");

  static final Pages RELAYS =
      of(
          "virtual-threads blocking-impl/src/main/java/iomodels/blocking/programs/VirtualRelay",
          "nio-selector nio-impl/src/main/java/iomodels/nio/programs/SelectorRelay",
          "vertx vertx-impl/src/main/java/iomodels/vertx/programs/VertxRelay",
          "vertx-rxjava vertx-impl/src/main/java/iomodels/vertx/programs/RxJavaRelay",
          "reactor-netty reactor-impl/src/main/java/iomodels/reactor/programs/ReactorNettyRelay");

  static final Pages HTTP =
      of(
          "virtual-threads blocking-impl/src/main/java/iomodels/blocking/programs/VirtualHttp",
          "nio-selector nio-impl/src/main/java/iomodels/nio/programs/SelectorHttp",
          "vertx vertx-impl/src/main/java/iomodels/vertx/programs/VertxHttp",
          "vertx-rxjava vertx-impl/src/main/java/iomodels/vertx/programs/RxJavaHttp",
          "reactor-netty reactor-impl/src/main/java/iomodels/reactor/programs/ReactorNettyHttp");

  private static Pages of(String... namesAndFiles) {
    return new Pages(List.of(namesAndFiles));
  }

  /** Returns the region of this name in each; or with several names, one in each. */
  List<Passage> in(String... regions) {
    return IntStream.range(0, namesAndFiles.size())
        .mapToObj(i -> passage(namesAndFiles.get(i), regions[regions.length == 1 ? 0 : i]))
        .toList();
  }

  private static Passage passage(String nameAndFile, String region) {
    int blank = nameAndFile.indexOf(' ');
    return new Passage(
        nameAndFile.substring(0, blank), nameAndFile.substring(blank + 1) + ".java", region);
  }
}
