/**
 * The programs with virtual threads: each connection has a thread of its own, which blocks. {@link
 * iomodels.blocking.programs.ProgramHost} listens, accepts and stops for all of them. This package
 * uses its parent; the parent does not use this package.
 */
@NullMarked
package iomodels.blocking.programs;

import org.jspecify.annotations.NullMarked;
