/**
 * External tools that inspect a running server: {@code strace} and {@code jcmd}. The module does
 * not export this package.
 */
@NullMarked
package iomodels.lab.tools;

import org.jspecify.annotations.NullMarked;
