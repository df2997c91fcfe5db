/**
 * Servers on {@code java.nio.channels}: one polls, two use readiness (selectors), and one uses
 * completion. Begin with {@link iomodels.nio.SelectorServer}.
 */
@NullMarked
package iomodels.nio;

import org.jspecify.annotations.NullMarked;
