package iomodels.lab.trace;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An strace (man 1) that is attached to a server, and writes each thread's calls into a file of its
 * own. Closing it ends it and deletes the files, which can be large; the end of this JVM does so,
 * too.
 */
final class Strace implements AutoCloseable {

  /**
   * What a server waits with, talks with and keeps its books with; files and memory are not it. A
   * question mark is for those that not every processor has.
   */
  private static final String CALLS =
      "trace=?accept,accept4,read,readv,write,writev,recvfrom,recvmsg,recvmmsg,sendto,sendmsg,"
          + "sendmmsg,sendfile,splice,?poll,ppoll,?select,pselect6,?epoll_wait,epoll_pwait,"
          + "?epoll_pwait2,epoll_ctl,io_uring_enter,rt_sigtimedwait,futex,nanosleep,"
          + "clock_nanosleep,restart_syscall,fcntl,ioctl,setsockopt,shutdown,close";

  private static final String PREFIX = "thread.";
  private static final int SECONDS = 30;

  private final Process process;
  private final Remains remains;

  private Strace(Process process, Remains remains) {
    this.process = process;
    this.remains = remains;
  }

  /**
   * The version of the one that is here.
   *
   * @throws IOException if there is none
   */
  static String version() throws IOException, InterruptedException {
    Process asking = start(List.of("strace", "-V"));
    try (BufferedReader words = asking.inputReader()) {
      String first = OutputLines.next(words).orElse("");
      return first.substring(first.lastIndexOf(' ') + 1);
    } finally {
      asking.destroy();
      asking.waitFor();
    }
  }

  /**
   * Attaches to processes, all threads of theirs, and what they start from then on.
   *
   * @param processes the first one has to be there
   * @throws NotPermittedException if it may not
   * @throws IOException if there is no strace, or it fails
   */
  static Strace attach(List<ProcessHandle> processes) throws IOException {
    Remains remains = new Remains(Files.createTempDirectory("iomodels-strace"));
    List<String> command = new ArrayList<>(List.of("strace", "-f", "-ff", "-yy", "-T", "-s", "12"));
    command.add("-ttt");
    command.addAll(List.of("-e", CALLS));
    command.addAll(List.of("-o", remains.folder.resolve("thread").toString()));
    processes.forEach(it -> command.addAll(List.of("-p", String.valueOf(it.pid()))));
    try {
      Strace strace = new Strace(remains.start(command), remains);
      strace.awaitAttached(processes);
      return strace;
    } catch (IOException e) {
      remains.close();
      throw e;
    }
  }

  private static Process start(List<String> command) throws IOException {
    try {
      return ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true));
    } catch (IOException e) {
      throw new IOException("there is no strace here", e);
    }
  }

  /** It says a line for each process that it was told to trace, and later more of new threads. */
  private void awaitAttached(List<ProcessHandle> processes) throws IOException {
    BufferedReader words = process.inputReader();
    for (ProcessHandle each : processes) {
      String said = OutputLines.next(words).orElse(null);
      boolean isRoot = each.equals(processes.getFirst());
      if (!isAttached(said, isRoot)) {
        String why = "strace cannot trace it: " + said;
        if (said != null && said.contains("Operation not permitted")) {
          throw new NotPermittedException(why);
        }
        throw new IOException(why);
      }
    }
    OutputLines.drain(words);
  }

  /** Or need not be: a child may have ended since it was listed. */
  static boolean isAttached(@Nullable String said, boolean isRoot) {
    return said != null
        && (said.contains("attached") || (!isRoot && said.contains("No such process")));
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** How much it has written so far. */
  long bytes() throws IOException {
    long bytes = 0;
    for (Path file : files().values()) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  /** SIGTERM makes it let go of the server, and write what it has not yet. */
  void detach() throws IOException, InterruptedException {
    process.destroy();
    if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("strace did not come to an end");
    }
  }

  /** What it has written, by thread. */
  Map<Long, Path> files() throws IOException {
    Map<Long, Path> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(remains.folder)) {
      for (Path file : all.toList()) {
        String name = file.getFileName().toString();
        files.put(Long.parseLong(name.substring(PREFIX.length())), file);
      }
    }
    return files;
  }

  @Override
  public void close() {
    remains.close();
  }

  /** What must not be left behind, whatever ends first: there before the process is. */
  private static final class Remains {

    private final Path folder;
    private final Thread endsWithUs = new Thread(this::end);

    /** By the lock. */
    private @Nullable Process process;

    /** Whether nothing may be started any more; by the lock. */
    private boolean ended;

    Remains(Path folder) throws IOException {
      this.folder = folder;
      try {
        Runtime.getRuntime().addShutdownHook(endsWithUs);
      } catch (IllegalStateException e) {
        Files.delete(folder);
        throw new IOException("this program is being told to end", e);
      }
    }

    synchronized Process start(List<String> command) throws IOException {
      if (ended) {
        throw new IOException("this program is being told to end");
      }
      Process started = Strace.start(command);
      process = started;
      return started;
    }

    void close() {
      end();
      try {
        Runtime.getRuntime().removeShutdownHook(endsWithUs);
      } catch (IllegalStateException _) {
        // The JVM is ending, and the hook does the same.
      }
    }

    private synchronized void end() {
      ended = true;
      if (process != null) {
        end(process);
      }
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
        Files.delete(folder);
      } catch (IOException _) {
        // It is deleted already.
      }
    }

    private static void end(Process process) {
      process.destroy();
      try {
        if (!process.waitFor(2, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
        }
      } catch (InterruptedException _) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
