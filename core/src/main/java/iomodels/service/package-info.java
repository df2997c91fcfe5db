/**
 * The protocols that servers implement, without I/O: a session turns the bytes it is given into the
 * bytes to send. Begin with {@link iomodels.service.Session}.
 */
@NullMarked
package iomodels.service;

import org.jspecify.annotations.NullMarked;
