package iomodels.site;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A piece of a tutorial on the I/O models of Python, and where it continues here.
 *
 * @param title its name in the tutorial
 * @param shows what the tutorial shows
 * @param java the servers in Java; the first one may be that of the tutorial, faults included
 * @param python the Python twins; may be missing
 * @param client the file of a client in Python, if the piece is one
 * @param lesson the lesson about it; may be missing
 */
public record TutorialPiece(
    String id,
    Question.Text title,
    Question.Text shows,
    @Nullable List<String> java,
    @Nullable List<String> python,
    @Nullable String client,
    @Nullable String lesson) {}
