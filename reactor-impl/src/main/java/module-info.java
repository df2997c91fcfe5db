/** Reactor Netty: a connection is a pair of streams. */
module iomodels.reactor {
  requires iomodels.core;
  requires iomodels.netty;
  requires io.netty.buffer;
  requires io.netty.codec.http;
  requires io.netty.common;
  requires io.netty.handler;
  requires io.netty.transport;
  // Reactor Netty requires these modules, but has no module descriptor.
  requires io.netty.codec.http2;
  requires io.netty.handler.proxy;
  requires io.netty.resolver;
  requires io.netty.resolver.dns;
  requires org.reactivestreams;
  requires reactor.core;
  requires reactor.netty.core;
  requires reactor.netty.http;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.reactor.ReactorNettyProvider;
  provides iomodels.server.spi.StyleProvider with
      iomodels.reactor.programs.ReactorNettyStyle;
}
