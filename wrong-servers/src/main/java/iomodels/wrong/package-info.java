/**
 * Servers that are wrong on purpose, and the correct server that each differs from in one step.
 * Start with {@link iomodels.wrong.WrongServers}.
 */
@NullMarked
package iomodels.wrong;

import org.jspecify.annotations.NullMarked;
