package iomodels.cli.connect;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.cli.output.TerminalText;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.InfoCmp;
import org.jspecify.annotations.Nullable;

/** A user at a terminal, with a prompt, a line editor and a history. */
public final class TerminalUser implements LocalUser {

  /** The next prompt appears after the reply, or after this time. */
  private static final long REPLY_MILLIS = 500;

  private final Terminal terminal;
  private final LineReader reader;
  private final String prompt;
  private final boolean raw;
  private final TerminalText text = new TerminalText();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean awaitingReply;
  private boolean closing;
  private @Nullable Thread editing;

  /** Opens the terminal. */
  public TerminalUser(boolean raw) throws IOException {
    this.terminal =
        TerminalBuilder.builder()
            .system(true)
            .type(terminalType(System.getenv().getOrDefault("TERM", "")))
            // JLine would query the terminal, and take input that is typed meanwhile for an answer.
            .graphemeCluster(false)
            .encoding(UTF_8)
            .stdinEncoding(UTF_8)
            .stdoutEncoding(UTF_8)
            .build();
    this.reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            // No history expansion: an exclamation mark is sent like any other character.
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .build();
    this.prompt = prompt(System.getenv(), Locale.getDefault());
    this.raw = raw;
    terminal.writer().println(hint(System.getenv(), Locale.getDefault()));
    terminal.flush();
  }

  /**
   * The type of the terminal; a compatible one if the system has no description of it. New
   * terminals are compatible with xterm.
   */
  static String terminalType(String type) {
    if (type.isEmpty()) {
      return "ansi";
    }
    try {
      InfoCmp.getInfoCmp(type);
      return type;
    } catch (IOException _) {
      return "xterm-256color";
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return "ansi";
    }
  }

  /**
   * The prompt in the language of messages: that of the first variable that is set (POSIX, Base
   * Definitions, chapter 8), even if that locale is not installed; otherwise the fallback.
   */
  static String prompt(Map<String, String> environment, Locale fallback) {
    return isChinese(environment, fallback) ? "请输入》》》" : "> ";
  }

  /** Says how to leave, in the language of the prompt. */
  static String hint(Map<String, String> environment, Locale fallback) {
    return isChinese(environment, fallback)
        ? "已连接。按 Ctrl-D 结束。"
        : "Connected. Press Ctrl-D to leave.";
  }

  private static boolean isChinese(Map<String, String> environment, Locale fallback) {
    String language = fallback.getLanguage();
    for (String name : new String[] {"LC_ALL", "LC_MESSAGES", "LANG"}) {
      String value = environment.getOrDefault(name, "");
      if (!value.isEmpty()) {
        language = value;
        break;
      }
    }
    return language.startsWith("zh");
  }

  @Override
  public Optional<byte[]> next() throws IOException {
    awaitReply();
    if (!beginEditing()) {
      return Optional.empty();
    }
    try {
      while (true) {
        String line = reader.readLine(prompt);
        String input = raw ? line : line.strip();
        if (!input.isEmpty()) {
          lock.lock();
          try {
            awaitingReply = true;
          } finally {
            lock.unlock();
          }
          return Optional.of((raw ? input : input + "\n").getBytes(UTF_8));
        }
      }
    } catch (EndOfFileException _) {
      return Optional.empty();
    } catch (UserInterruptException _) {
      throw new InterruptedIOException("Ctrl-C");
    } finally {
      endEditing();
    }
  }

  /** Waits a moment for the reply to the last line, so that it appears before the next prompt. */
  private void awaitReply() throws IOException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(REPLY_MILLIS);
      while (awaitingReply && !closing && left > 0) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException _) {
      throw new InterruptedIOException("while awaiting a reply");
    } finally {
      lock.unlock();
    }
  }

  private boolean beginEditing() {
    lock.lock();
    try {
      if (!closing) {
        editing = Thread.currentThread();
      }
      return !closing;
    } finally {
      lock.unlock();
    }
  }

  private void endEditing() {
    lock.lock();
    try {
      editing = null;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean hasMore() {
    return false;
  }

  @Override
  public void show(byte[] bytes, int length) {
    print(text.completeLines(bytes, length));
  }

  @Override
  public void pause() {
    print(text.rest());
  }

  private void print(String lines) {
    if (lines.isEmpty()) {
      return;
    }
    // Prints above the prompt, if there is one, and draws the prompt again.
    reader.printAbove(lines.endsWith("\n") ? lines : lines + "\n");
    lock.lock();
    try {
      awaitingReply = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
      // Wait until the line editor has restored the terminal.
      long left = TimeUnit.SECONDS.toNanos(1);
      while (editing != null && left > 0) {
        editing.interrupt();
        left -= TimeUnit.MILLISECONDS.toNanos(20) - Math.max(changed.awaitNanos(20_000_000), 0);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
    terminal.close();
  }
}
