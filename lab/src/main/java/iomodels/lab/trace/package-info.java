/**
 * Traces: the system calls of a server while it serves three clients. Each call has its thread, its
 * client and its two phases, waiting and copying. Also access to {@code strace} and {@code jcmd}.
 * Begin with {@link iomodels.lab.trace.Tracer}.
 */
@NullMarked
package iomodels.lab.trace;

import org.jspecify.annotations.NullMarked;
