/** Parses and resolves arguments: options that several commands share, and names. */
@NullMarked
package iomodels.cli.options;

import org.jspecify.annotations.NullMarked;
