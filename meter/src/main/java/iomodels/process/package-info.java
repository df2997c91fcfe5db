/** Child processes of this JVM. Begin with {@link iomodels.process.ChildProcesses}. */
@NullMarked
package iomodels.process;

import org.jspecify.annotations.NullMarked;
