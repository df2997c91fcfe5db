/** The interactive client of the command {@code connect}. */
@NullMarked
package iomodels.cli.connect;

import org.jspecify.annotations.NullMarked;
