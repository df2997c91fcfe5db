/**
 * Load generators: closed and open loops over TCP and UDP, idle clients, and the result of a round.
 * A server is known by its address only, so it can be written in any language. Begin with {@link
 * iomodels.lab.load.LoadGenerator}.
 */
@NullMarked
package iomodels.lab.load;

import org.jspecify.annotations.NullMarked;
