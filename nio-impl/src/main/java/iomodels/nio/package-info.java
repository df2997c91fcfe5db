/**
 * Servers on {@code java.nio.channels}: one that asks in turn, two that are told which sockets are
 * ready, one that is told what has been done. Begin with {@link iomodels.nio.SelectorServer}.
 */
@NullMarked
package iomodels.nio;

import org.jspecify.annotations.NullMarked;
