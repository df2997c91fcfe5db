/** Options and parameters that several commands share. */
@NullMarked
package iomodels.cli.options;

import org.jspecify.annotations.NullMarked;
