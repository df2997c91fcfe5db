/**
 * Three servers on Vert.x: {@link iomodels.vertx.VertxServer} with handlers and futures, {@link
 * iomodels.vertx.RxJavaServer} with streams, and {@link iomodels.vertx.VirtualThreadServer} with
 * virtual threads.
 *
 * <p>The servers use the public API of Vert.x. Three classes go below it, and their Javadoc says
 * why: {@link iomodels.vertx.DuplexSocket}, {@link iomodels.vertx.ConnectAttempt} and {@link
 * iomodels.vertx.NettyTransport}.
 */
@NullMarked
package iomodels.vertx;

import org.jspecify.annotations.NullMarked;
