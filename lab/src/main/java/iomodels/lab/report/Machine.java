package iomodels.lab.report;

/**
 * Where figures come from.
 *
 * @param command that repeats them
 * @param time when it began: ISO 8601, to the second, in UTC
 * @param java version of the JVM
 * @param system the operating system and its version
 * @param processor its name, as the system has it
 * @param processors how many this process had
 * @param pinning who ran on which, or why nobody was pinned, in words
 */
public record Machine(
    String command,
    String time,
    String java,
    String system,
    String processor,
    int processors,
    String pinning) {}
