/** Netty code that the models on Vert.x and on Reactor Netty share. */
module iomodels.netty {
  requires transitive iomodels.core;
  requires transitive io.netty.transport;
  requires io.netty.buffer;
  requires io.netty.codec.http;
  requires io.netty.common;
  requires io.netty.transport.classes.epoll;
  requires io.netty.transport.classes.io_uring;
  requires io.netty.transport.unix.common;
  // Jars that contain only a native library; without these lines users would need --add-modules.
  requires io.netty.transport.epoll.linux.x86_64;
  requires io.netty.transport.io_uring.linux.x86_64;
  requires static org.jspecify;

  exports iomodels.netty;
}
