package iomodels.server;

/**
 * What a learner wants to know of a server at a glance.
 *
 * @param name short and stable, such as {@code nio-selector}: the command line's argument
 * @param summary one sentence without a full stop
 * @param ioModel which of the five
 * @param notification how it learns that it can go on
 * @param threading what threads it has
 * @param waitsIn phase one, waiting for the data: the call that it waits in, such as {@code
 *     Selector.select()}
 * @param copiesIn phase two, copying the data from the kernel: the call that does it
 * @param pythonCounterpart what a Python programmer would have used
 */
public record ModelCard(
    String name,
    String summary,
    IoModel ioModel,
    Notification notification,
    Threading threading,
    String waitsIn,
    String copiesIn,
    String pythonCounterpart) {}
