package iomodels.wrong.tutorial;

import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.util.List;

/**
 * A server as a tutorial presents it.
 *
 * @param name short and stable, such as {@code tutorial-select}
 * @param service the service that it offers, whichever one is requested
 * @param broken the rules that it always breaks, among all rules that need no separate process,
 *     including those on other services
 * @param atTimes the rules that it breaks on some runs only
 * @param provider starts the server; {@link java.util.ServiceLoader} does not find it, as it is not
 *     a model
 */
public record Tutorial(
    String name,
    Service service,
    List<String> broken,
    List<String> atTimes,
    ServerProvider provider) {}
