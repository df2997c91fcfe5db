/** A server in Vert.x: {@link iomodels.reactor.VertxServer}. */
@NullMarked
package iomodels.reactor;

import org.jspecify.annotations.NullMarked;
