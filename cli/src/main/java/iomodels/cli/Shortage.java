package iomodels.cli;

/** What a JVM without threads or memory says, with the remedy. */
final class Shortage {

  private Shortage() {}

  static String words(OutOfMemoryError error) {
    String what = String.valueOf(error.getMessage());
    if (what.contains("native thread")) {
      return "the system gives it no more threads; raise the limit (ulimit -u, or pids.max of the"
          + " container), or end other processes of this user";
    }
    if (what.contains("direct")) {
      return "no direct memory is left (%s); raise it: JDK_JAVA_OPTIONS=-XX:MaxDirectMemorySize=…"
          .formatted(what);
    }
    return "no memory is left (%s); raise the heap: JDK_JAVA_OPTIONS=-Xmx…".formatted(what);
  }
}
