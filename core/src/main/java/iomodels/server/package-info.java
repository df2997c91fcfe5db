/** Servers, their configuration and their key facts. Begin with {@link iomodels.server.Server}. */
@NullMarked
package iomodels.server;

import org.jspecify.annotations.NullMarked;
