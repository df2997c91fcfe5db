/** Vert.x: event loops with handlers and futures, RxJava, or virtual threads. */
module iomodels.vertx {
  requires iomodels.core;
  requires iomodels.netty;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.transport;
  requires io.reactivex.rxjava3;
  requires io.vertx.core;
  requires org.reactivestreams;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.vertx.RxJavaProvider,
      iomodels.vertx.VertxProvider,
      iomodels.vertx.VirtualThreadProvider;
  provides iomodels.server.spi.StyleProvider with
      iomodels.vertx.programs.RxJavaStyle,
      iomodels.vertx.programs.VertxStyle;
}
