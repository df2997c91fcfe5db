/** Looks up models, styles, programs, services and addresses by the names that a user gives. */
@NullMarked
package iomodels.cli.lookup;

import org.jspecify.annotations.NullMarked;
