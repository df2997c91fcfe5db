/**
 * Programs that are wrong on purpose, and the four correct ones that they differ from in one step.
 * Begin with {@link iomodels.wrong.program.WrongPrograms}.
 */
@NullMarked
package iomodels.wrong.program;

import org.jspecify.annotations.NullMarked;
