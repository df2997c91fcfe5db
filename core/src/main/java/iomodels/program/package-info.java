/**
 * Programs that a {@link iomodels.service.Session} cannot express, because their answers depend on
 * upstreams, on other clients, on worker threads or on time. {@link iomodels.program.Programs}
 * specifies them. The package also contains the code without I/O that their implementations share.
 */
@NullMarked
package iomodels.program;

import org.jspecify.annotations.NullMarked;
