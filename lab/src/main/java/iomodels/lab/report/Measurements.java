package iomodels.lab.report;

import java.util.List;

/**
 * All results of one run of the lab; in JSON, the whole document.
 *
 * @param machine the machine and the command
 * @param scenarios results of servers, by scenario
 * @param claims results of the claims that introductions to I/O models repeat
 */
public record Measurements(
    Machine machine, List<ScenarioResult> scenarios, List<ClaimResult> claims) {}
