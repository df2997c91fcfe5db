/**
 * The subjects that the kit can test: a model in a process of its own, a command, an address. Begin
 * with {@link iomodels.conformance.targets.Target}.
 */
@NullMarked
package iomodels.conformance.targets;

import org.jspecify.annotations.NullMarked;
