/**
 * Servers, their configuration and the key facts of their models. Begin with {@link
 * iomodels.server.Server}.
 */
@NullMarked
package iomodels.server;

import org.jspecify.annotations.NullMarked;
