/**
 * What a server says: bytes in, bytes out, and nothing about sockets. Begin with {@link
 * iomodels.service.Session}.
 */
@NullMarked
package iomodels.service;

import org.jspecify.annotations.NullMarked;
