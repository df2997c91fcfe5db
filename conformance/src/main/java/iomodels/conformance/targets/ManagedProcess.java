package iomodels.conformance.targets;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A process that the kit has started: its lines, its last words on stderr, and its end. */
final class ManagedProcess implements AutoCloseable {

  private static final int MAX_LINES = 1_000;
  private static final int LAST_WORDS = 8;
  private static final Duration LAST_BREATH = Duration.ofSeconds(1);
  private static final Duration GRACE = Duration.ofSeconds(8);

  private final Process process;

  /** Bounded: what nobody reads is dropped. */
  private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>(MAX_LINES);

  private final Deque<String> stderrTail = new ArrayDeque<>();
  private final Deque<String> leftOut = new ArrayDeque<>();
  private final AtomicLong errorBytes = new AtomicLong();
  private final Thread errors;

  /**
   * The same command under a hard limit on descriptors: a JVM raises a soft one when it starts.
   * From jars, which stay open; a class that is loaded from a folder needs a descriptor each time.
   */
  static List<String> within(int descriptors, List<String> command) {
    String limited = "ulimit -n %d && exec \"$@\"".formatted(descriptors);
    return Stream.concat(Stream.of("/bin/sh", "-c", limited, "sh"), command.stream()).toList();
  }

  ManagedProcess(List<String> command) throws IOException {
    this(ChildProcesses.start(new ProcessBuilder(command)));
    Thread.ofVirtual().start(() -> readLines());
  }

  /** One that holds nothing of value, and is ended by SIGKILL if this JVM ends before it. */
  static ManagedProcess expendable(List<String> command) throws IOException {
    ManagedProcess child =
        new ManagedProcess(ChildProcesses.startExpendable(new ProcessBuilder(command)));
    Thread.ofVirtual().start(child::readLines);
    return child;
  }

  private ManagedProcess(Process process) {
    this.process = process;
    errors = Thread.ofVirtual().start(() -> readErrors());
  }

  /** One whose output is not read by lines, but is the caller's to read: {@link #output}. */
  static ManagedProcess withRawOutput(List<String> command) throws IOException {
    return new ManagedProcess(ChildProcesses.start(new ProcessBuilder(command)));
  }

  OutputStream input() {
    return process.getOutputStream();
  }

  InputStream output() {
    return process.getInputStream();
  }

  private void readLines() {
    try (Reader output = process.inputReader()) {
      OutputLines.read(output, line -> lines.offer(Optional.of(line)));
    } catch (IOException ignored) {
      // it was closed with the process
    } finally {
      var _ = lines.offer(Optional.empty());
    }
  }

  private void readErrors() {
    Charset charset = Charset.forName(System.getProperty("native.encoding", "UTF-8"));
    try (Reader output = new InputStreamReader(counted(process.getErrorStream()), charset)) {
      OutputLines.read(output, this::addLastWords);
    } catch (IOException ignored) {
      // it was closed with the process
    }
  }

  /** Counted as they come: of a long line we keep only the beginning. */
  private InputStream counted(InputStream stream) {
    return new FilterInputStream(stream) {
      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        int n = super.read(bytes, offset, length);
        if (n > 0) {
          errorBytes.addAndGet(n);
        }
        return n;
      }
    };
  }

  private void addLastWords(String line) {
    keep(stderrTail, line);
  }

  /**
   * A line of its output that was not what one waits for. It may be the last: the JVM says there
   * that it cannot start, or that it ends for want of memory.
   */
  void leaveOut(String line) {
    keep(leftOut, line);
  }

  private static void keep(Deque<String> words, String line) {
    synchronized (words) {
      words.add(line);
      if (words.size() > LAST_WORDS) {
        words.removeFirst();
      }
    }
  }

  private static String together(Deque<String> words) {
    synchronized (words) {
      return words.stream().map(String::strip).collect(Collectors.joining(" / "));
    }
  }

  /**
   * The next line of its output that begins with that word; others are left out, since a library or
   * the JVM may have something to say. Empty if none came for that long, or none will come.
   */
  Optional<String> lineBeginning(String word, Duration within) throws InterruptedException {
    long deadline = System.nanoTime() + within.toNanos();
    Optional<String> line = line(within);
    while (line.isPresent() && !line.get().startsWith(word)) {
      leaveOut(line.get());
      line = line(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
    }
    return line;
  }

  /** The next line of its output; empty if it said nothing for that long, or never will again. */
  Optional<String> line(Duration within) throws InterruptedException {
    Optional<String> line = lines.poll(within.toMillis(), TimeUnit.MILLISECONDS);
    return line == null ? Optional.empty() : line;
  }

  /**
   * What it said last, in one line, on stderr and where an answer was expected, or else on what is
   * left of its output, where the JVM complains of a module path; how it ended, if it said nothing.
   */
  String diagnostics() throws InterruptedException {
    String words =
        Stream.of(complaint(), together(leftOut))
            .filter(it -> !it.isEmpty())
            .collect(Collectors.joining(" / "));
    if (!words.isEmpty()) {
      return words;
    }
    String output = lines.stream().flatMap(Optional::stream).collect(Collectors.joining(" / "));
    if (!output.isEmpty()) {
      return output;
    }
    return process.isAlive() ? "it said nothing" : "it ended with exit code " + process.exitValue();
  }

  /** What it said last on stderr, in one line; empty if it said nothing. */
  String complaint() throws InterruptedException {
    // A process closes its streams a little before it has ended.
    if (awaitEnd(LAST_BREATH)) {
      errors.join(GRACE);
    }
    return together(stderrTail);
  }

  /** How many bytes it has written to its standard error by now. */
  long errorBytes() {
    return errorBytes.get();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  /** Nothing more comes on its standard input. */
  void endInput() throws IOException {
    process.getOutputStream().close();
  }

  /** Of one that has ended. */
  int exitCode() {
    return process.exitValue();
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** SIGTERM: to what a shell has started, if it is one that waits, and it ends with that. */
  void terminateBelowShell() {
    List<ProcessHandle> descendants = process.descendants().toList();
    if (descendants.isEmpty()) {
      process.destroy();
    }
    descendants.forEach(ProcessHandle::destroy);
  }

  boolean awaitEnd(Duration within) throws InterruptedException {
    return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Ends it and all that it started at once. */
  void kill() {
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    all.forEach(ProcessHandle::destroyForcibly);
    all.forEach(it -> it.onExit().join());
  }

  /** Ends it and all that it started: in order if it can, by force if it cannot. */
  @Override
  public void close() {
    List<ProcessHandle> descendants = process.descendants().toList();
    process.destroy();
    try {
      if (!awaitEnd(GRACE)) {
        process.destroyForcibly();
        process.waitFor();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    descendants.forEach(ProcessHandle::destroyForcibly);
  }
}
