/** The project's own folder: its modules and source files. */
@NullMarked
package iomodels.cli.project;

import org.jspecify.annotations.NullMarked;
