/**
 * The conformance kit as JUnit tests of a module, or of a server of any Java project. Begin with
 * {@link iomodels.conformance.junit.Conformance}.
 */
@NullMarked
package iomodels.conformance.junit;

import org.jspecify.annotations.NullMarked;
