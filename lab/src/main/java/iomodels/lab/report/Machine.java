package iomodels.lab.report;

/**
 * The machine and the command that figures come from.
 *
 * @param command the command that repeats the measurement
 * @param time when it began: ISO 8601, to the second, in UTC
 * @param java version of the JVM
 * @param system the operating system and its version
 * @param processor name of the processor
 * @param processors number of processors of this process
 * @param pinning the processors of servers and load, or why nothing was pinned
 */
public record Machine(
    String command,
    String time,
    String java,
    String system,
    String processor,
    int processors,
    String pinning) {}
