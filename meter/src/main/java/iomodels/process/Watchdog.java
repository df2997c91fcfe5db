package iomodels.process;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Ends child processes if this JVM is killed and cannot do so itself. The watchdog is a shell that
 * knows their pids and reads from a pipe; the kernel closes the pipe when this JVM ends. It then
 * also finds daemons, by their {@link ProcessMark}. (Linux's {@code PR_SET_PDEATHSIG} does not
 * serve: it fires when the <em>thread</em> that started the child ends, and does not reach
 * grandchildren.) On a system without {@code sh} there is no watchdog.
 */
final class Watchdog {

  /** Ignores Ctrl-C and SIGTERM, which go to the process group: this JVM's hook handles them. */
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      pids=
      while read -r change pid; do
        kept=
        for each in $pids; do
          [ "$each" = "$pid" ] || kept="$kept $each"
        done
        [ "$change" = add ] && kept="$kept $pid"
        pids=$kept
      done
      with_descendants() {
        echo "$1"
        for child in $(cat /proc/"$1"/task/*/children 2>/dev/null || pgrep -P "$1" 2>/dev/null); do
          with_descendants "$child"
        done
      }
      all=$(
        for each in $pids; do with_descendants "$each"; done
        grep -lsF -- "$1" /proc/[0-9]*/environ | tr -cd '0-9\\n')
      [ -n "$all" ] || exit 0
      kill -TERM $all 2>/dev/null
      sleep 2
      kill -KILL $all 2>/dev/null
      """;

  private final Set<Long> watched = new LinkedHashSet<>();
  private @Nullable OutputStream changes;
  private boolean missing;

  /**
   * Starts the shell: a process that this JVM has started, but not yet added, is then found by its
   * mark.
   */
  synchronized void prepare() {
    if (changes == null) {
      start();
    }
  }

  synchronized void add(long pid) {
    watched.add(pid);
    tell("add", pid);
    if (changes == null) { // Another process has ended the shell.
      start();
    }
  }

  synchronized void remove(long pid) {
    watched.remove(pid);
    tell("remove", pid);
  }

  /** Starts a shell and tells it all watched pids. */
  private void start() {
    if (missing) {
      return;
    }
    try {
      changes =
          new ProcessBuilder("sh", "-c", SCRIPT, "sh", ProcessMark.ofThisJvm().text())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start()
              .getOutputStream();
    } catch (IOException _) {
      missing = true;
    }
    for (long each : watched) {
      tell("add", each);
    }
  }

  private void tell(String change, long pid) {
    if (changes == null) {
      return;
    }
    try {
      changes.write("%s %d%n".formatted(change, pid).getBytes(US_ASCII));
      changes.flush();
    } catch (IOException _) {
      changes = null; // Another process has ended the shell; add() starts a new one.
    }
  }
}
