package iomodels.lab.trace;

import iomodels.lab.Jcmd;
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
 * What the server's threads are called. The kernel keeps 15 characters of a name ({@code
 * /proc/PID/task/TID/comm}); a JVM knows the whole ones, and {@link #learn} asks it for them. A
 * thread that is born later has the name of an earlier one that is kept as the same, rather of one
 * that was born for a client as well; or else what the kernel kept.
 *
 * <p>Threads come and go, so {@link #look} is to be called time and again.
 */
final class ThreadNames {

  /** {@code "blocking-threads-acceptor" #31 [4711] prio=5 …}. */
  private static final Pattern JAVA_THREAD = Pattern.compile("(?m)^\"(.*)\" #\\d+ \\[(\\d+)\\]");

  private static final int KEPT = 15;
  private static final String MAIN = "main";
  private static final String OTHER = "thread";

  private final ProcessHandle root;

  /** Safe for use by the thread that looks and the one that asks. */
  private final Map<Long, String> keptNames = new ConcurrentHashMap<>();

  private final Map<Long, Long> processes = new ConcurrentHashMap<>();
  private final Map<Long, String> wholeNames = new ConcurrentHashMap<>();

  /** The names of those that were born for a client. */
  private final Set<String> born = new ConcurrentSkipListSet<>();

  ThreadNames(ProcessHandle root) {
    this.root = root;
  }

  /** The process and those that it has started, for now. */
  Stream<ProcessHandle> processes() {
    return Stream.concat(Stream.of(root), root.descendants());
  }

  /** Asks those that are JVMs for the names of their threads, new ones since a look among them. */
  void learn() throws InterruptedException {
    for (ProcessHandle process : processes().toList()) {
      if (process.info().command().filter(it -> it.endsWith("java")).isPresent()) {
        try {
          JAVA_THREAD
              .matcher(Jcmd.ask(process, "Thread.print"))
              .results()
              .forEach(it -> learn(Long.parseLong(it.group(2)), it.group(1)));
        } catch (IOException _) {
          // What the kernel kept are names as well.
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

  /** Remembers the names of all threads that there are now. */
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
          // It has just ended.
        }
      }
    } catch (IOException _) {
      // The process has ended.
    }
  }

  /** A thread is of that process. */
  void remember(long thread, long process) {
    processes.put(thread, process);
  }

  /**
   * In which process a thread is. One that was gone before anybody looked is of the only process
   * that there is, or else counts as a process.
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
      return OTHER; // Nobody gave it a name: it has its process's.
    }
    return whole(kept, born).or(() -> whole(kept, wholeNames.values())).orElse(kept);
  }

  /** The name that is kept as this, if there is just one. */
  static Optional<String> whole(String kept, Collection<String> names) {
    List<String> candidates =
        names.stream().filter(name -> kept(name).equals(kept)).distinct().toList();
    return candidates.size() == 1 ? Optional.of(candidates.getFirst()) : Optional.empty();
  }

  private static String kept(String name) {
    return name.length() <= KEPT ? name : name.substring(0, KEPT);
  }
}
