package iomodels.conformance.targets;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import iomodels.process.ProcessMark;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A child process of the kit: its output by lines, the tail of its standard error, its exit code.
 */
final class ManagedProcess implements AutoCloseable {

  private static final int MAX_LINES = 1_000;
  private static final int TAIL_LINES = 8;

  /** A process closes its streams shortly before it has ended. */
  private static final Duration EXIT_DELAY = Duration.ofSeconds(1);

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(8);
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(2);
  private static final long KILL_INTERVAL_MILLIS = 2;

  /**
   * A JVM writes this for each variable of the environment that holds options: a line that says
   * nothing about the program.
   */
  private static final Pattern OPTIONS_NOTE =
      Pattern.compile("(NOTE: )?Picked up (JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS):");

  /** Interval for looking at processes that are not children of this JVM. */
  private static final long POLL_INTERVAL_MILLIS = 10;

  private static final String SHELL = "/bin/sh";
  private static final Path SETSID = Path.of("/usr/bin/setsid");

  private final Process process;
  private final ProcessMark mark;

  /** The arguments of the shell that runs the command, if one does. */
  private final Optional<List<String>> shell;

  /** Bounded: lines that do not fit are dropped. An empty element marks the end of the output. */
  private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>(MAX_LINES);

  private final Deque<String> stderrTail = new ArrayDeque<>();
  private final Deque<String> unexpectedOutput = new ArrayDeque<>();
  private final AtomicLong errorBytes = new AtomicLong();
  private final Thread errors;

  /**
   * Returns the command with a hard limit on descriptors; a JVM raises a soft limit when it starts.
   * Classes should come from jars, which stay open: loading one from a folder takes a descriptor.
   */
  static List<String> within(int descriptors, List<String> command) {
    String limited = "ulimit -n %d && exec \"$@\"".formatted(descriptors);
    return Stream.concat(Stream.of("/bin/sh", "-c", limited, "sh"), command.stream()).toList();
  }

  /**
   * Returns the command that has this line run by a shell, in a session of its own where that is
   * possible: a signal that a server sends to its process group does not reach the kit, nor does
   * Ctrl-C on the kit's terminal reach the server.
   */
  static List<String> shell(String line) {
    List<String> plain = List.of(SHELL, "-c", line);
    return Files.isExecutable(SETSID)
        ? Stream.concat(Stream.of(SETSID.toString()), plain.stream()).toList()
        : plain;
  }

  ManagedProcess(List<String> command) throws IOException {
    this(new ProcessBuilder(command), ChildProcesses::start);
    reader("output").start(() -> readLines());
  }

  /** Starts a process that need not end in order: SIGKILL ends it if this JVM ends first. */
  static ManagedProcess expendable(List<String> command) throws IOException {
    ManagedProcess child =
        new ManagedProcess(new ProcessBuilder(command), ChildProcesses::startExpendable);
    reader("output").start(child::readLines);
    return child;
  }

  /** Starts a process. */
  private interface Start {
    Process of(ProcessBuilder builder) throws IOException;
  }

  private ManagedProcess(ProcessBuilder builder, Start start) throws IOException {
    List<String> command = builder.command();
    int shellAt = command.lastIndexOf(SHELL);
    shell = shellAt < 0 ? Optional.empty() : Optional.of(command.subList(shellAt, command.size()));
    mark = ProcessMark.on(builder);
    process = start.of(builder);
    errors = reader("errors").start(() -> readErrors());
  }

  /**
   * Builds platform threads: a read from a pipe keeps the carrier of a virtual thread. With a few
   * such reads no virtual thread of the kit would run any more.
   */
  private static Thread.Builder reader(String stream) {
    return Thread.ofPlatform().daemon().name("reads-" + stream);
  }

  /** Starts a process whose {@link #output} the caller reads, instead of this class by lines. */
  static ManagedProcess withRawOutput(List<String> command) throws IOException {
    return new ManagedProcess(new ProcessBuilder(command), ChildProcesses::start);
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
      // the stream was closed with the process
    } finally {
      var _ = lines.offer(Optional.empty());
    }
  }

  private void readErrors() {
    Charset charset = Charset.forName(System.getProperty("native.encoding", "UTF-8"));
    try (Reader output = new InputStreamReader(counted(process.getErrorStream()), charset)) {
      OutputLines.read(output, this::addErrorLine);
    } catch (IOException ignored) {
      // the stream was closed with the process
    }
  }

  private void addErrorLine(String line) {
    if (!OPTIONS_NOTE.matcher(line).lookingAt()) {
      addTo(stderrTail, line);
    }
  }

  /** Counts bytes here, since {@link OutputLines} keeps only the beginning of a long line. */
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

  /**
   * Records a line of output that the caller did not expect, for {@link #failureDetails}. The JVM
   * reports on its output that it cannot start, or that it ends for lack of memory.
   */
  void addUnexpectedOutput(String line) {
    addTo(unexpectedOutput, line);
  }

  private static void addTo(Deque<String> tail, String line) {
    synchronized (tail) {
      tail.add(line);
      if (tail.size() > TAIL_LINES) {
        tail.removeFirst();
      }
    }
  }

  private static String joined(Deque<String> tail) {
    synchronized (tail) {
      return tail.stream().map(String::strip).collect(Collectors.joining(" / "));
    }
  }

  /**
   * Returns the next line of output that begins with a word; skips others, which may come from a
   * library or the JVM. Empty at the time limit and at the end of the output.
   */
  Optional<String> lineBeginning(String word, Duration within) throws InterruptedException {
    long deadline = System.nanoTime() + within.toNanos();
    Optional<String> line = line(within);
    while (line.isPresent() && !line.get().startsWith(word)) {
      addUnexpectedOutput(line.get());
      line = line(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
    }
    return line;
  }

  /** Waits for the next line of output; empty at the end of the output. */
  Optional<String> line() throws InterruptedException {
    return lines.take();
  }

  /** Returns the next line of output; empty at the time limit and at the end of the output. */
  Optional<String> line(Duration within) throws InterruptedException {
    Optional<String> line = lines.poll(within.toMillis(), TimeUnit.MILLISECONDS);
    return line == null ? Optional.empty() : line;
  }

  /**
   * Returns the last lines of standard error and the unexpected lines of output, in one line. If
   * there are none: the unread output, where the JVM reports a bad module path. If there is none
   * either: the exit code.
   */
  String failureDetails() throws InterruptedException {
    String details =
        Stream.of(stderrTail(), joined(unexpectedOutput))
            .filter(it -> !it.isEmpty())
            .collect(Collectors.joining(" / "));
    if (!details.isEmpty()) {
      return details;
    }
    String output = lines.stream().flatMap(Optional::stream).collect(Collectors.joining(" / "));
    if (!output.isEmpty()) {
      return output;
    }
    return process.isAlive() ? "it printed nothing" : "it " + end();
  }

  /** Returns how the process has ended, with the last lines of its standard error. */
  String end() throws InterruptedException {
    String code = "ended with exit code " + exitCode();
    String words = stderrTail();
    return words.isEmpty() ? code : "%s: %s".formatted(code, words);
  }

  /** Returns the last lines of standard error, in one line; empty if there are none. */
  String stderrTail() throws InterruptedException {
    if (awaitEnd(EXIT_DELAY)) {
      errors.join(STOP_TIMEOUT);
    }
    return joined(stderrTail);
  }

  /** Returns the number of bytes that were read from standard error so far. */
  long errorBytes() {
    return errorBytes.get();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  /** Closes the standard input of the process. */
  void endInput() throws IOException {
    process.getOutputStream().close();
  }

  /** Returns the exit code; the process must have ended. */
  int exitCode() {
    return process.exitValue();
  }

  /**
   * Tells the process to stop: sends SIGTERM to it, and to it alone. A server with worker processes
   * decides itself how these stop. If it is a shell that waits for its command, the command gets
   * the signal instead. When the process has ended, SIGTERM goes to what it has left behind.
   */
  void terminate() {
    List<ProcessHandle> commands = isWaitingShell() ? process.children().toList() : List.of();
    if (commands.isEmpty()) {
      handle().destroy(); // Process.destroy() also closes the pipes: a last message would fail.
    }
    commands.forEach(ProcessHandle::destroy);
    var _ = process.onExit().thenRun(this::terminateRest);
  }

  /** Returns whether the shell is still there: it has not replaced itself by its command. */
  private boolean isWaitingShell() {
    List<String> arguments = handle().info().arguments().map(List::of).orElse(List.of());
    return shell.map(it -> arguments.equals(it.subList(1, it.size()))).orElse(false);
  }

  /** Of a process that is left and its children, only the former gets the signal. */
  private void terminateRest() {
    List<ProcessHandle> left = family();
    Set<Long> pids = left.stream().map(ProcessHandle::pid).collect(Collectors.toSet());
    left.stream()
        .filter(it -> it.parent().map(parent -> !pids.contains(parent.pid())).orElse(true))
        .forEach(ProcessHandle::destroy);
  }

  /**
   * Returns the live processes among this one, its descendants, and those that it or they have left
   * behind.
   */
  private List<ProcessHandle> family() {
    return Stream.of(Stream.of(handle()), process.descendants(), mark.processes().stream())
        .flatMap(it -> it)
        .distinct()
        .filter(it -> !ProcessMark.hasEnded(it))
        .toList();
  }

  /** Returns whether it, or a process that it has started, listens on a port; true if unknown. */
  boolean listensOn(int port) throws IOException {
    return Listening.by(family(), port);
  }

  /** Returns the pids of the processes that this one has left behind; empty while it runs. */
  List<Long> leftBehind() {
    return process.isAlive() ? List.of() : family().stream().map(ProcessHandle::pid).toList();
  }

  /** Waits for the end of the process and of all that it has started. */
  boolean awaitEndOfAll(Duration within) throws InterruptedException {
    long deadline = System.nanoTime() + within.toNanos();
    boolean ended = awaitEnd(within);
    while (ended && !family().isEmpty()) {
      ended = System.nanoTime() - deadline < 0;
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
    }
    return ended;
  }

  boolean awaitEnd(Duration within) throws InterruptedException {
    return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Sends SIGKILL to the process and all that it has started, and waits for their end. Looks again
   * until nothing is left: a process may have been forked meanwhile.
   */
  void kill() {
    List<ProcessHandle> left = family();
    long deadline = System.nanoTime() + KILL_TIMEOUT.toNanos(); // After the first look.
    while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
      left.forEach(ProcessHandle::destroyForcibly);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(KILL_INTERVAL_MILLIS));
      left = family();
    }
  }

  /** Sends SIGTERM, then SIGKILL after a time limit; kills what the process has left behind. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!awaitEnd(STOP_TIMEOUT)) {
        process.destroyForcibly();
        process.waitFor();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    kill();
  }
}
