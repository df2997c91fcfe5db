/**
 * The programs in two styles of Vert.x: with handlers and futures, and with RxJava. {@link
 * iomodels.vertx.programs.ProgramHost} deploys, binds, accepts and stops for all of them. This
 * package uses its parent; the parent does not use this package.
 */
@NullMarked
package iomodels.vertx.programs;

import org.jspecify.annotations.NullMarked;
