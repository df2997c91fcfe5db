/**
 * The programs in Reactor Netty. {@link iomodels.reactor.programs.ProgramHost} binds, accepts and
 * stops for all of them. This package uses its parent; the parent does not use this package.
 */
@NullMarked
package iomodels.reactor.programs;

import org.jspecify.annotations.NullMarked;
