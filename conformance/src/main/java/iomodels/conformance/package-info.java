/**
 * The conformance kit: rules, the engine that tests them, and its findings. Begin with {@link
 * iomodels.conformance.Rule}, then {@link iomodels.conformance.Kit}.
 */
@NullMarked
package iomodels.conformance;

import org.jspecify.annotations.NullMarked;
