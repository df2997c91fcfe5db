/** A server in Vert.x: {@link iomodels.vertx.VertxServer}. */
@NullMarked
package iomodels.vertx;

import org.jspecify.annotations.NullMarked;
