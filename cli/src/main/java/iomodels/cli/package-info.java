/** A class for each command. Begin with {@link iomodels.cli.Main}. */
@NullMarked
package iomodels.cli;

import org.jspecify.annotations.NullMarked;
