/**
 * Servers that call Linux's system calls directly. Begin with {@link iomodels.linux.EpollServer}.
 * {@link iomodels.linux.SelectServer} and {@link iomodels.linux.PollServer} use older calls, and
 * {@link iomodels.linux.EpollEdgeServer} is a variant.
 *
 * <p>They share the binding: {@link iomodels.linux.Libc} has the system calls, and {@link
 * iomodels.linux.Errno} the error numbers. Each server blocks in only one of these calls.
 */
@NullMarked
package iomodels.linux;

import org.jspecify.annotations.NullMarked;
