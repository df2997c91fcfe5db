/** Creates a module for a new model from the sources of an existing one. */
@NullMarked
package iomodels.cli.scaffold;

import org.jspecify.annotations.NullMarked;
