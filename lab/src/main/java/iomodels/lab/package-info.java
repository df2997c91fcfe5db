/**
 * How much a server can do. It is known by its address only, so that a server in any language can
 * be loaded. Begin with {@link iomodels.lab.LoadGenerator}.
 */
@NullMarked
package iomodels.lab;

import org.jspecify.annotations.NullMarked;
