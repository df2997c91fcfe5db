/** The command {@code iomodels}. */
@NullMarked
package iomodels.cli;

import org.jspecify.annotations.NullMarked;
