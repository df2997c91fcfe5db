/** Benchmarks of the services, without I/O. */
@NullMarked
package iomodels.benchmarks;

import org.jspecify.annotations.NullMarked;
