package iomodels.lab.trace;

import iomodels.lab.tools.Jcmd;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the names of the server's threads. The kernel keeps 15 characters of a name ({@code
 * /proc/PID/task/TID/comm}); {@link #learn} asks a JVM for the whole names. A later thread gets the
 * whole name of an earlier one with the same 15 characters, preferably of one that was started for
 * a client; otherwise it keeps the 15 characters.
 *
 * <p>Threads start and end, so {@link #look} must be called repeatedly.
 */
final class ThreadNames {

  /** {@code "blocking-threads-acceptor" #31 [4711] prio=5 …}. */
  private static final Pattern JAVA_THREAD = Pattern.compile("(?m)^\"(.*)\" #\\d+ \\[(\\d+)\\]");

  private static final int KEPT = 15;
  private static final String MAIN = "main";
  private static final String OTHER = "thread";

  private final ProcessHandle root;

  /** Thread-safe: one thread looks, another one reads. */
  private final Map<Long, String> keptNames = new ConcurrentHashMap<>();

  private final Map<Long, Long> processes = new ConcurrentHashMap<>();
  private final Map<Long, String> wholeNames = new ConcurrentHashMap<>();

  /** Names of threads that were started for a client. */
  private final Set<String> born = new ConcurrentSkipListSet<>();

  ThreadNames(ProcessHandle root) {
    this.root = root;
  }

  /** The server's process and its current descendants. */
  Stream<ProcessHandle> processes() {
    return Stream.concat(Stream.of(root), root.descendants());
  }

  /** Asks the JVMs among the processes for the names of their threads. */
  void learn() throws InterruptedException {
    for (ProcessHandle process : processes().toList()) {
      if (process.info().command().filter(it -> it.endsWith("java")).isPresent()) {
        try {
          JAVA_THREAD
              .matcher(Jcmd.ask(process, "Thread.print"))
              .results()
              .forEach(it -> learn(Long.parseLong(it.group(2)), it.group(1)));
        } catch (IOException _) {
          // The 15 characters remain.
        }
      }
    }
  }

  private void learn(long thread, String name) {
    wholeNames.put(thread, name);
    if (!keptNames.containsKey(thread)) {
      born.add(name);
    }
  }

  /** Records the names of all current threads. */
  void look() {
    processes().forEach(process -> look(process.pid()));
  }

  private void look(long process) {
    try (DirectoryStream<Path> tasks =
        Files.newDirectoryStream(Path.of("/proc", String.valueOf(process), "task"))) {
      for (Path task : tasks) {
        long thread = Long.parseLong(task.getFileName().toString());
        remember(thread, process);
        try {
          keptNames.put(thread, Files.readString(task.resolve("comm")).strip());
        } catch (IOException _) {
          // The thread has just ended.
        }
      }
    } catch (IOException _) {
      // The process has ended.
    }
  }

  /** Records the process of a thread. */
  void remember(long thread, long process) {
    processes.put(thread, process);
  }

  /**
   * The process of a thread. A thread that ended before it was seen belongs to the only process, or
   * counts as a process of its own if there are several.
   */
  long process(long thread) {
    Long known = processes.get(thread);
    if (known != null) {
      return known;
    }
    List<Long> all = processes.values().stream().distinct().toList();
    return all.size() == 1 ? all.getFirst() : thread;
  }

  String name(long thread) {
    String whole = wholeNames.get(thread);
    if (whole != null) {
      return whole;
    }
    long process = process(thread);
    String kept = keptNames.getOrDefault(thread, OTHER);
    if (thread == process) {
      return MAIN;
    }
    if (kept.equals(keptNames.get(process))) {
      return OTHER; // An unnamed thread inherits the name of its process.
    }
    return whole(kept, born).or(() -> whole(kept, wholeNames.values())).orElse(kept);
  }

  /** The whole name whose first 15 characters are {@code kept}, if there is exactly one. */
  static Optional<String> whole(String kept, Collection<String> names) {
    List<String> matches =
        names.stream().filter(name -> kept(name).equals(kept)).distinct().toList();
    return matches.size() == 1 ? Optional.of(matches.getFirst()) : Optional.empty();
  }

  private static String kept(String name) {
    return name.length() <= KEPT ? name : name.substring(0, KEPT);
  }
}
