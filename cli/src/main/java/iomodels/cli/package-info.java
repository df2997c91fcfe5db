/** The entry point: {@link iomodels.cli.Main} parses the command line and runs a command. */
@NullMarked
package iomodels.cli;

import org.jspecify.annotations.NullMarked;
