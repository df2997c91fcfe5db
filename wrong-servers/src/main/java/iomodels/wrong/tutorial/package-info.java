/**
 * The textbook's own first servers, as the tutorials write them: naive, and worth a look for just
 * that. Begin with {@link iomodels.wrong.tutorial.Tutorials}.
 */
@NullMarked
package iomodels.wrong.tutorial;

import org.jspecify.annotations.NullMarked;
