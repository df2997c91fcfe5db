/** A server in Reactor Netty: {@link iomodels.reactor.ReactorNettyServer}. */
@NullMarked
package iomodels.reactor;

import org.jspecify.annotations.NullMarked;
