/** The service {@code upper}, and the program {@code http}, as in the frameworks' documentation. */
module iomodels.examples {
  requires transitive iomodels.core;
  requires io.netty.buffer;
  requires io.netty.codec.http;
  requires io.netty.common;
  requires io.netty.transport;
  requires io.vertx.core;
  requires jdk.httpserver;
  // Reactor Netty requires these modules, but has no module descriptor.
  requires io.netty.codec.http2;
  requires io.netty.handler;
  requires io.netty.handler.proxy;
  requires io.netty.resolver;
  requires io.netty.resolver.dns;
  requires io.netty.transport.classes.epoll;
  requires io.netty.transport.unix.common;
  // Contains only a native library, a dependency of Reactor Netty.
  requires io.netty.transport.epoll.linux.x86_64;
  requires org.reactivestreams;
  requires reactor.core;
  requires reactor.netty.core;
  requires reactor.netty.http;
  requires static org.jspecify;

  exports iomodels.examples;

  provides iomodels.server.spi.HiddenServers with
      iomodels.examples.Hidden;
}
