/** The service {@code upper} as each framework's documentation writes an echo server. */
module iomodels.examples {
  requires transitive iomodels.core;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.transport;
  requires io.vertx.core;
  // What Reactor Netty needs, which has no descriptor of its own to say so.
  requires io.netty.handler;
  requires io.netty.handler.proxy;
  requires io.netty.resolver;
  requires io.netty.resolver.dns;
  requires io.netty.transport.classes.epoll;
  requires io.netty.transport.unix.common;
  // A jar with nothing but a native library, which Reactor Netty brings along, and uses.
  requires io.netty.transport.epoll.linux.x86_64;
  requires org.reactivestreams;
  requires reactor.core;
  requires reactor.netty.core;
  requires static org.jspecify;

  exports iomodels.examples;

  provides iomodels.server.spi.HiddenServers with
      iomodels.examples.Hidden;
}
