/**
 * A server on Reactor Netty: {@link iomodels.reactor.ReactorNettyServer}. {@link
 * iomodels.reactor.DuplexConnection} adds half-closed connections, which Reactor Netty lacks.
 */
@NullMarked
package iomodels.reactor;

import org.jspecify.annotations.NullMarked;
