/** What the models on Vert.x and on Reactor Netty share below their frameworks. */
module iomodels.netty {
  requires transitive iomodels.core;
  requires transitive io.netty.transport;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.transport.classes.epoll;
  requires io.netty.transport.classes.io_uring;
  requires io.netty.transport.unix.common;
  // Jars with nothing but a native library: required here, so that no one needs --add-modules.
  requires io.netty.transport.epoll.linux.x86_64;
  requires io.netty.transport.io_uring.linux.x86_64;
  requires static org.jspecify;

  exports iomodels.netty;
}
