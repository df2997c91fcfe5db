/**
 * What the lab has found, as values: they are what stands in the JSON, what two runs are compared
 * by, and what the page with the charts is made from. Begin with {@link
 * iomodels.lab.report.Measurements}.
 */
@NullMarked
package iomodels.lab.report;

import org.jspecify.annotations.NullMarked;
