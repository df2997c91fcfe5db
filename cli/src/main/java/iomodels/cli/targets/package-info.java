/** Starts the servers and programs that commands judge or measure. */
@NullMarked
package iomodels.cli.targets;

import org.jspecify.annotations.NullMarked;
