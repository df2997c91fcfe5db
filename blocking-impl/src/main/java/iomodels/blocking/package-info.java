/**
 * Servers with blocking I/O: the call that copies the data also waits for it. Begin with {@link
 * iomodels.blocking.SequentialServer}.
 */
@NullMarked
package iomodels.blocking;

import org.jspecify.annotations.NullMarked;
