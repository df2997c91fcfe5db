/** What a process costs, seen from outside: {@link iomodels.meter.CostMeter}. */
@NullMarked
package iomodels.meter;

import org.jspecify.annotations.NullMarked;
