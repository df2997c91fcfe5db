/**
 * Programs that a {@link iomodels.service.Session} cannot express, since there are others to deal
 * with: upstreams, members, workers, the clock. Their contracts are {@link
 * iomodels.program.Programs}; what of them is free of I/O and worth sharing is here as well.
 */
@NullMarked
package iomodels.program;

import org.jspecify.annotations.NullMarked;
