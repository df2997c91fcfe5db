/** How long the core takes to decide what to say. */
@NullMarked
package iomodels.benchmarks;

import org.jspecify.annotations.NullMarked;
