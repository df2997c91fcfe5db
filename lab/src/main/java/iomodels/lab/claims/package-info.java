/**
 * Sentences that introductions to I/O models repeat, put to the test. Begin with {@link
 * iomodels.lab.claims.Claims}.
 */
@NullMarked
package iomodels.lab.claims;

import org.jspecify.annotations.NullMarked;
