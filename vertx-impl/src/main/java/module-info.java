/** Vert.x: event loops; on them handlers and futures, RxJava, or virtual threads. */
module iomodels.vertx {
  requires iomodels.core;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.transport;
  requires io.netty.transport.classes.epoll;
  requires io.netty.transport.classes.io_uring;
  requires io.netty.transport.unix.common;
  // Jars with nothing but a native library: required here, so that no one needs --add-modules.
  requires io.netty.transport.epoll.linux.x86_64;
  requires io.netty.transport.io_uring.linux.x86_64;
  requires io.reactivex.rxjava3;
  requires io.vertx.core;
  requires org.reactivestreams;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.vertx.RxJavaProvider,
      iomodels.vertx.VertxProvider,
      iomodels.vertx.VirtualThreadProvider;
  provides iomodels.server.spi.StyleProvider with
      iomodels.vertx.RxJavaStyle,
      iomodels.vertx.VertxStyle;
}
