/**
 * Servers in Vert.x: {@link iomodels.vertx.VertxServer}, {@link iomodels.vertx.RxJavaServer},
 * {@link iomodels.vertx.VirtualThreadServer}; and the programs in two of these styles, around which
 * {@link iomodels.vertx.ProgramHost} is the server.
 *
 * <p>The pages use the public API of Vert.x. Where that does not suffice, {@link
 * iomodels.vertx.DuplexSocket}, {@link iomodels.vertx.ConnectAttempt} and {@link
 * iomodels.vertx.NettyTransport} go below it, and say why.
 */
@NullMarked
package iomodels.vertx;

import org.jspecify.annotations.NullMarked;
