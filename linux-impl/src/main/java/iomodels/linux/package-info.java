/**
 * Servers that call Linux themselves. Begin with {@link iomodels.linux.EpollServer}; older are
 * {@link iomodels.linux.SelectServer} and {@link iomodels.linux.PollServer}, and {@link
 * iomodels.linux.EpollEdgeServer} is a variant.
 *
 * <p>They share the binding, no part of which ever waits but the call that each server waits in:
 * the calls themselves are in {@link iomodels.linux.Libc}, and {@link iomodels.linux.Errno} tells
 * why one failed.
 */
@NullMarked
package iomodels.linux;

import org.jspecify.annotations.NullMarked;
