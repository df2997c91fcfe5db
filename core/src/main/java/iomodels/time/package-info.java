/**
 * Deadlines and timers for event loops. A loop polls them from its own thread. They start no thread
 * and never block.
 */
@NullMarked
package iomodels.time;

import org.jspecify.annotations.NullMarked;
