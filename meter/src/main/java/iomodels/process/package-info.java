/** Processes that this JVM starts: {@link iomodels.process.ChildProcesses}. */
@NullMarked
package iomodels.process;

import org.jspecify.annotations.NullMarked;
