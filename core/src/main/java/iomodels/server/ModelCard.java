package iomodels.server;

/**
 * The key facts of a model.
 *
 * @param name a short, stable name, such as {@code nio-selector}; the argument on the command line
 * @param summary one sentence without a full stop
 * @param ioModel which of Stevens' five models it is
 * @param notification how a server learns that a socket is ready or an operation is complete
 * @param threading the threads of a server
 * @param waitsIn phase one of an input operation, waiting for data: the call that waits, such as
 *     {@code Selector.select}
 * @param copiesIn phase two, copying data from the kernel: the call that copies, such as {@code
 *     SocketChannel.read}
 * @param pythonCounterpart the counterpart in Python, such as {@code selectors}
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
