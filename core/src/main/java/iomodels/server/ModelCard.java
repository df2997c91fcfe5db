package iomodels.server;

/**
 * The key facts of a model.
 *
 * @param name a short, stable name, such as {@code nio-selector}; the argument on the command line
 * @param summary one sentence without a full stop
 * @param ioModel which of Stevens' five models it is
 * @param notification how it learns that a socket is ready, or an operation complete
 * @param threading its threads
 * @param waitsIn phase one, waiting for data: the blocking call, such as {@code Selector.select}
 * @param copiesIn phase two, copying data from the kernel: the call that copies
 * @param pythonCounterpart its counterpart in Python
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
