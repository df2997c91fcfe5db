/** Measures the resource usage of other processes. Begin with {@link iomodels.meter.CostMeter}. */
@NullMarked
package iomodels.meter;

import org.jspecify.annotations.NullMarked;
