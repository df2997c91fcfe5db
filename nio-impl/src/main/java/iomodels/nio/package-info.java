/**
 * Servers that are told which sockets are ready. Begin with {@link iomodels.nio.SelectorServer}.
 */
@NullMarked
package iomodels.nio;

import org.jspecify.annotations.NullMarked;
