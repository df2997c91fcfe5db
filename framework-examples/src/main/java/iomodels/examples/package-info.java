/**
 * The service {@code upper}, written like the echo servers in the frameworks' documentation and no
 * more. The examples are measured and tested beside the models. Start with {@link
 * iomodels.examples.Examples}.
 */
@NullMarked
package iomodels.examples;

import org.jspecify.annotations.NullMarked;
