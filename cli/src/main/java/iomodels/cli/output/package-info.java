/** Prints and writes results: tables, progress, reports, JSON, errors, terminal-safe text. */
@NullMarked
package iomodels.cli.output;

import org.jspecify.annotations.NullMarked;
