/**
 * Deadlines and timers that a loop asks, for its own thread. They start no thread, and never wait.
 */
@NullMarked
package iomodels.time;

import org.jspecify.annotations.NullMarked;
