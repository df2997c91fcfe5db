package iomodels.cli;

import java.io.Console;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on a terminal's stderr; nothing on a pipe. Safe for use by several threads. */
final class Progress implements AutoCloseable {

  private final Optional<ProgressBar> bar;

  private Progress(Optional<ProgressBar> bar) {
    this.bar = bar;
  }

  // Since 25 it is null again where there is no terminal (JDK-8351435).
  @SuppressWarnings("SystemConsoleNull")
  static Progress of(long steps) {
    Console console = System.console();
    if (console == null || !console.isTerminal()) {
      return new Progress(Optional.empty());
    }
    return new Progress(
        Optional.of(
            new ProgressBarBuilder()
                .setInitialMax(steps)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .continuousUpdate()
                .clearDisplayOnFinish()
                .build()));
  }

  void step() {
    bar.ifPresent(ProgressBar::step);
  }

  void say(String doing) {
    bar.ifPresent(it -> it.setExtraMessage(TerminalText.safe(doing)));
  }

  /** Prints above the bar. */
  void aside(Runnable printing) {
    bar.ifPresent(ProgressBar::pause);
    if (bar.isPresent()) {
      // back to the line's beginning, and clear what the bar has left there
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
