/**
 * Servers in Vert.x: {@link iomodels.vertx.VertxServer}, {@link iomodels.vertx.RxJavaServer},
 * {@link iomodels.vertx.VirtualThreadServer}.
 */
@NullMarked
package iomodels.vertx;

import org.jspecify.annotations.NullMarked;
