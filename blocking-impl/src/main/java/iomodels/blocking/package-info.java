/**
 * Servers that wait inside the call that copies the data. Begin with {@link
 * iomodels.blocking.SequentialServer}.
 */
@NullMarked
package iomodels.blocking;

import org.jspecify.annotations.NullMarked;
