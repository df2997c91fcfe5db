/**
 * Results of the lab as values, their comparison with an earlier run, and a page with charts.
 * Jackson writes the records as JSON: their component names are the format. Begin with {@link
 * iomodels.lab.report.Measurements}.
 */
@NullMarked
package iomodels.lab.report;

import org.jspecify.annotations.NullMarked;
