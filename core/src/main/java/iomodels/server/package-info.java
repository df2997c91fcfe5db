/**
 * What a server is, to those who start it and read about it. Begin with {@link
 * iomodels.server.Server}.
 */
@NullMarked
package iomodels.server;

import org.jspecify.annotations.NullMarked;
