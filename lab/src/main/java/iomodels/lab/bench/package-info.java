/**
 * Benchmarks: servers are measured in turns with the same service in C. Contains the servers under
 * test, the yardsticks in C, pinning, rounds and the figures computed from them. Begin with {@link
 * iomodels.lab.bench.Bench}.
 */
@NullMarked
package iomodels.lab.bench;

import org.jspecify.annotations.NullMarked;
