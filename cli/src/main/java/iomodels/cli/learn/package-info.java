/** The ladder: its texts on a terminal, the verdict on a stage, the progress, and starters. */
@NullMarked
package iomodels.cli.learn;

import org.jspecify.annotations.NullMarked;
