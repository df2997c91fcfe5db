package iomodels.meter;

import java.time.Duration;

/**
 * How much processor time a process and its descendants used and wanted during some time.
 *
 * @param used the time on processors, in per cent of one core
 * @param wanted what they would have used if no other process had taken processors from them, in
 *     per cent of one core; never less than {@code used}
 * @param own the part of the time in which no thread that computes was kept waiting for a processor
 * @param starved whether some thread was runnable all the time and never ran: then neither number
 *     says what that thread wants
 */
public record ProcessorDemand(double used, double wanted, Duration own, boolean starved) {}
