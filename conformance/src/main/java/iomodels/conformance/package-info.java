/**
 * The kit: what a rule is, who judges by it, and what comes of it. Begin with {@link
 * iomodels.conformance.Rule}, then {@link iomodels.conformance.Kit}.
 */
@NullMarked
package iomodels.conformance;

import org.jspecify.annotations.NullMarked;
