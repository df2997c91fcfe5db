/**
 * The service {@code upper} as each framework's documentation writes an echo server, and no more:
 * to be measured and judged beside the models. Begin with {@link iomodels.examples.Examples}.
 */
@NullMarked
package iomodels.examples;

import org.jspecify.annotations.NullMarked;
