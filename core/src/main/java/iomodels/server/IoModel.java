package iomodels.server;

/**
 * The five I/O models of W. R. Stevens, <i>UNIX Network Programming</i>, volume 1, section 6.2.
 * They differ in where a program waits for data, and in how the data is copied from the kernel to
 * the program.
 */
public enum IoModel {
  /** One call waits for the data and copies it. Figure 6.1. */
  BLOCKING("blocking"),
  /** The call returns at once, with or without data; the program polls. Figure 6.2. */
  NON_BLOCKING("non-blocking"),
  /** One call waits for many descriptors; another copies from one that is ready. Figure 6.3. */
  MULTIPLEXING("multiplexing"),
  /** A signal reports that a descriptor is ready; a call then copies. Figure 6.4. */
  SIGNAL_DRIVEN("signal-driven"),
  /** The kernel, or a library, waits and copies, and then reports completion. Figure 6.5. */
  ASYNCHRONOUS("asynchronous");

  private final String title;

  IoModel(String title) {
    this.title = title;
  }

  /** The name that Stevens uses. */
  @Override
  public String toString() {
    return title;
  }
}
