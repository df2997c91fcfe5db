/**
 * Servers measured beside the same service in C, in turns. Begin with {@link
 * iomodels.lab.bench.Bench}.
 */
@NullMarked
package iomodels.lab.bench;

import org.jspecify.annotations.NullMarked;
