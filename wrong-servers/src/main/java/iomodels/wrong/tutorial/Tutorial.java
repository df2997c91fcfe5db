package iomodels.wrong.tutorial;

import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.util.List;

/**
 * A server as a tutorial writes it.
 *
 * @param name short and stable, such as {@code tutorial-select}
 * @param service what it serves, whatever it is asked for
 * @param broken the rules that it breaks every time, all of them being tried that need no process
 *     of its own, those on other services too
 * @param atTimes the rules that it breaks or not, as it happens
 * @param provider starts it; not found by {@link java.util.ServiceLoader}, being no model
 */
public record Tutorial(
    String name,
    Service service,
    List<String> broken,
    List<String> atTimes,
    ServerProvider provider) {}
