/**
 * Netty code that the models on Vert.x and on Reactor Netty share, and that is not typical of
 * either framework: {@linkplain iomodels.netty.Transports available transports}, {@linkplain
 * iomodels.netty.EventLoopGroups event loops}, {@linkplain iomodels.netty.Channels channels},
 * {@linkplain iomodels.netty.Acceptor accepting}, {@linkplain iomodels.netty.Workers worker pools}
 * and {@linkplain iomodels.netty.StartFailures start failures}.
 *
 * <p>Two classes work around bugs of Netty. Each names the bug; a test of this module fails as soon
 * as Netty has fixed it, and the class can then be deleted.
 */
@NullMarked
package iomodels.netty;

import org.jspecify.annotations.NullMarked;
