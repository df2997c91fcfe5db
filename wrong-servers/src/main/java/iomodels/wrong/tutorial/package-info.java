/**
 * The first servers of the textbooks, as tutorials present them, with their faults. Start with
 * {@link iomodels.wrong.tutorial.Tutorials}.
 */
@NullMarked
package iomodels.wrong.tutorial;

import org.jspecify.annotations.NullMarked;
