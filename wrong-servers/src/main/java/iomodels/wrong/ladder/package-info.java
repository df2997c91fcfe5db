/** The ladder: stages in which a reader builds a server, each with a wrong server to begin with. */
@NullMarked
package iomodels.wrong.ladder;

import org.jspecify.annotations.NullMarked;
