/**
 * The service-provider interface by which an implementation module offers its servers. Begin with
 * {@link iomodels.server.spi.ServerProvider}.
 */
@NullMarked
package iomodels.server.spi;

import org.jspecify.annotations.NullMarked;
