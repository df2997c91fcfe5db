/**
 * What the models on Vert.x and on Reactor Netty share below their frameworks, and what is no idiom
 * of either: {@linkplain iomodels.netty.Transports which transports work here}, {@linkplain
 * iomodels.netty.EventLoopGroups event loops}, {@linkplain iomodels.netty.Channels channels},
 * {@linkplain iomodels.netty.Acceptor accepting}, {@linkplain iomodels.netty.Workers a worker pool}
 * and {@linkplain iomodels.netty.StartFailures the reasons why a server does not start}.
 *
 * <p>Two classes work around faults of Netty. Each names the fault, and a test of this module fails
 * as soon as Netty has fixed it: then the class can be deleted.
 */
@NullMarked
package iomodels.netty;

import org.jspecify.annotations.NullMarked;
