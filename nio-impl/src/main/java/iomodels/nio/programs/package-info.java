/**
 * The programs with a selector: one thread serves all connections of a program. {@link
 * iomodels.nio.programs.ProgramLoop} is the event loop of all of them. This package uses its
 * parent; the parent does not use this package.
 */
@NullMarked
package iomodels.nio.programs;

import org.jspecify.annotations.NullMarked;
