/**
 * What a server costs. It is known by its address and its process only, so that a server in any
 * language can be measured. Begin with {@link iomodels.lab.LoadGenerator} and {@link
 * iomodels.lab.CostMeter}.
 */
@NullMarked
package iomodels.lab;

import org.jspecify.annotations.NullMarked;
