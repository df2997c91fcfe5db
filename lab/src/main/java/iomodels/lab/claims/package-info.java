/**
 * Experiments that test claims which introductions to I/O models repeat. Begin with {@link
 * iomodels.lab.claims.Claims}.
 */
@NullMarked
package iomodels.lab.claims;

import org.jspecify.annotations.NullMarked;
