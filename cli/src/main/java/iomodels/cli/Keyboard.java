package iomodels.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

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

/** Somebody at a terminal: a prompt, a line editor, a history. */
final class Keyboard implements User {

  /** How long a line waits for its reply before the next prompt comes. */
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

  Keyboard(boolean raw) throws IOException {
    this.terminal =
        TerminalBuilder.builder()
            .system(true)
            .type(terminalType(System.getenv().getOrDefault("TERM", "")))
            // It would ask the terminal what it can do, take what is typed meanwhile for the
            // answer, and an answer that comes late for what is typed.
            .graphemeCluster(false)
            .encoding(UTF_8)
            .stdinEncoding(UTF_8)
            .stdoutEncoding(UTF_8)
            .build();
    this.reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            // To a server, an exclamation mark is a character like any other.
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .build();
    this.prompt = prompt(System.getenv(), Locale.getDefault());
    this.raw = raw;
  }

  /**
   * The terminal's type, or what it is most likely compatible with if the system has no description
   * of it: new terminals bring one of their own, and all of them understand what xterm does.
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
   * The prompt in the language of messages: that of the first variable that is set (POSIX, chapter
   * 8), even if the system has no such locale installed; or else the virtual machine's.
   */
  static String prompt(Map<String, String> environment, Locale fallback) {
    String language = fallback.getLanguage();
    for (String name : new String[] {"LC_ALL", "LC_MESSAGES", "LANG"}) {
      String value = environment.getOrDefault(name, "");
      if (!value.isEmpty()) {
        language = value;
        break;
      }
    }
    return language.startsWith("zh") ? "请输入》》》" : "> ";
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
        String said = raw ? line : line.strip();
        if (!said.isEmpty()) {
          lock.lock();
          try {
            awaitingReply = true;
          } finally {
            lock.unlock();
          }
          return Optional.of((raw ? said : said + "\n").getBytes(UTF_8));
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

  /** Lets the reply to the last line be seen before the next prompt, if it comes soon. */
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
    // Above the prompt, if there is one, which is then drawn anew.
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
      // The line editor gives the terminal back as it found it; that wants a moment.
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
