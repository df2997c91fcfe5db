/** One class for each command. */
@NullMarked
package iomodels.cli.commands;

import org.jspecify.annotations.NullMarked;
