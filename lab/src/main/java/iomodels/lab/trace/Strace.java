package iomodels.lab.trace;

import iomodels.lab.tools.StraceAttachment;
import iomodels.process.OutputLines;
import iomodels.process.TemporaryFolder;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An strace (man 1) that is attached to a server and writes each thread's calls to a file of its
 * own. Closing it ends strace and deletes the files, which can be large. The same happens when this
 * JVM ends.
 */
final class Strace implements AutoCloseable {

  /**
   * Calls for waiting, network I/O and bookkeeping; none for files and memory. A question mark is
   * for calls that some architectures do not have.
   */
  private static final String CALLS =
      "trace=?accept,accept4,read,readv,write,writev,recvfrom,recvmsg,recvmmsg,sendto,sendmsg,"
          + "sendmmsg,sendfile,splice,?poll,ppoll,?select,pselect6,?epoll_wait,epoll_pwait,"
          + "?epoll_pwait2,epoll_ctl,io_uring_enter,rt_sigtimedwait,futex,nanosleep,"
          + "clock_nanosleep,restart_syscall,fcntl,ioctl,setsockopt,shutdown,close";

  private static final String PREFIX = "thread.";

  private final Process process;
  private final TemporaryFolder folder;

  private Strace(Process process, TemporaryFolder folder) {
    this.process = process;
    this.folder = folder;
  }

  /**
   * The version of the installed strace.
   *
   * @throws IOException if it is missing
   */
  static String version() throws IOException, InterruptedException {
    Process version = StraceAttachment.start(List.of("strace", "-V"));
    try (BufferedReader printed = version.inputReader()) {
      String first = OutputLines.next(printed).orElse("");
      return first.substring(first.lastIndexOf(' ') + 1);
    } finally {
      version.destroy();
      version.waitFor();
    }
  }

  /**
   * Attaches to all threads of processes, and to processes that they start later.
   *
   * @param processes the first must be alive; others may have ended
   * @throws NotPermittedException if tracing is not permitted
   * @throws IOException if strace is missing or fails
   */
  static Strace attach(List<ProcessHandle> processes) throws IOException {
    List<String> command = new ArrayList<>(List.of("strace", "-f", "-ff", "-yy", "-T", "-s", "12"));
    command.add("-ttt");
    command.addAll(List.of("-e", CALLS));
    processes.forEach(it -> command.addAll(List.of("-p", String.valueOf(it.pid()))));
    Strace strace = start(command);
    try {
      strace.awaitAttached(processes);
      return strace;
    } catch (IOException e) {
      strace.close();
      throw e;
    }
  }

  private static Strace start(List<String> command) throws IOException {
    TemporaryFolder folder = TemporaryFolder.create("strace");
    command.addAll(List.of("-o", folder.resolve("thread").toString()));
    try {
      return new Strace(StraceAttachment.start(command), folder);
    } catch (IOException e) {
      folder.close();
      throw e;
    }
  }

  /** Reads a line for each process; strace prints more lines later, about new threads. */
  private void awaitAttached(List<ProcessHandle> processes) throws IOException {
    BufferedReader printed = process.inputReader();
    for (ProcessHandle each : processes) {
      String line = OutputLines.next(printed).orElse(null);
      boolean isRoot = each.equals(processes.getFirst());
      if (!isAttached(line, isRoot)) {
        String why = "strace cannot trace the server: " + line;
        if (line != null && line.contains("Operation not permitted")) {
          throw new NotPermittedException(why);
        }
        throw new IOException(why);
      }
    }
    OutputLines.drain(printed);
  }

  /** Whether strace has attached, or the child process has ended before. */
  static boolean isAttached(@Nullable String line, boolean isRoot) {
    return line != null
        && (line.contains("attached") || (!isRoot && line.contains("No such process")));
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Number of bytes written so far. */
  long bytes() throws IOException {
    long bytes = 0;
    for (Path file : files().values()) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  /** Detaches from the server, and returns when all output is written. */
  void detach() throws IOException, InterruptedException {
    StraceAttachment.detach(process);
  }

  /** The output files, by thread. */
  Map<Long, Path> files() throws IOException {
    Map<Long, Path> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(folder.path())) {
      for (Path file : all.toList()) {
        String name = file.getFileName().toString();
        files.put(Long.parseLong(name.substring(PREFIX.length())), file);
      }
    }
    return files;
  }

  @Override
  public void close() {
    StraceAttachment.end(process);
    folder.close();
  }
}
