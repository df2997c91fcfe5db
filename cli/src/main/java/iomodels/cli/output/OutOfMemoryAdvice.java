package iomodels.cli.output;

/** Messages for an {@link OutOfMemoryError}, with the remedy. */
public final class OutOfMemoryAdvice {

  private OutOfMemoryAdvice() {}

  /** The message for an error: which resource is exhausted, and how to raise the limit. */
  public static String of(OutOfMemoryError error) {
    String what = String.valueOf(error.getMessage());
    if (what.contains("native thread")) {
      return "the system refuses to start another thread; raise the limit (ulimit -u, or pids.max"
          + " of the container), or end other processes of this user";
    }
    if (what.contains("direct")) {
      return "no direct memory is left (%s); raise it: JDK_JAVA_OPTIONS=-XX:MaxDirectMemorySize=…"
          .formatted(what);
    }
    return "no memory is left (%s); raise the heap: JDK_JAVA_OPTIONS=-Xmx…".formatted(what);
  }
}
