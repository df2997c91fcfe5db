/**
 * Who waits where, and for what: the system calls of a server while it serves three clients, each
 * call with its thread, its client and its two phases. Begin with {@link
 * iomodels.lab.trace.Tracer}.
 */
@NullMarked
package iomodels.lab.trace;

import org.jspecify.annotations.NullMarked;
