package iomodels.cli.output;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on standard error; nothing if that is not a terminal. Thread-safe. */
public final class Progress implements AutoCloseable {

  private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");
  private static final List<String> TERMINALS = List.of("/dev/pts/", "/dev/tty", "/dev/console");

  private final Optional<ProgressBar> bar;

  private Progress(Optional<ProgressBar> bar) {
    this.bar = bar;
  }

  /** A progress bar with this number of steps. */
  // Since Java 25, System.console() is null again without a terminal (JDK-8351435).
  @SuppressWarnings("SystemConsoleNull")
  public static Progress of(long steps) {
    Console console = System.console();
    if (console == null || !console.isTerminal() || isErrorRedirected()) {
      return new Progress(Optional.empty());
    }
    return new Progress(
        Optional.of(
            new ProgressBarBuilder()
                .setInitialMax(steps)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                // The default one may draw in the line above the cursor, which is text by then.
                .setConsumer(new ConsoleProgressBarConsumer(System.err))
                .continuousUpdate()
                .clearDisplayOnFinish()
                .build()));
  }

  /** Whether standard error is no terminal, as far as {@code /proc} shows: a console ignores it. */
  private static boolean isErrorRedirected() {
    try {
      String error = Files.readSymbolicLink(STANDARD_ERROR).toString();
      return TERMINALS.stream().noneMatch(error::startsWith);
    } catch (IOException _) {
      return false;
    }
  }

  /** Advances by one step. */
  public void step() {
    bar.ifPresent(ProgressBar::step);
  }

  /** Shows the current activity. */
  public void say(String doing) {
    bar.ifPresent(it -> it.setExtraMessage(TerminalText.safe(doing)));
  }

  /** Prints above the bar. */
  public void aside(Runnable printing) {
    bar.ifPresent(ProgressBar::pause);
    if (bar.isPresent()) {
      // Clear the line: the bar leaves its last state there.
      System.err.print("\r\u001B[2K");
      System.err.flush();
    }
    printing.run();
    bar.ifPresent(ProgressBar::resume);
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
