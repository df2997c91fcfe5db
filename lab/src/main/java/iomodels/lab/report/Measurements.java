package iomodels.lab.report;

import java.util.List;

/**
 * All that one run of the lab has found; in JSON, the whole document.
 *
 * @param machine where, and by which command
 * @param scenarios what was measured of servers, a scenario each
 * @param claims what came of the sentences that introductions to I/O models repeat
 */
public record Measurements(
    Machine machine, List<ScenarioResult> scenarios, List<ClaimResult> claims) {}
