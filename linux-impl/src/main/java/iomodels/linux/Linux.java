package iomodels.linux;

import iomodels.server.spi.Availability;
import java.io.IOException;
import java.util.List;
import java.util.function.IntSupplier;

/** Checks whether this machine can run models that call Linux directly. */
final class Linux {

  /** The module that calls native code. */
  static final List<String> NATIVE_MODULES = List.of("iomodels.linux");

  private Linux() {}

  /**
   * Checks whether a system call works on this machine.
   *
   * @param call the name of the system call, for the reason if it does not work
   * @param probe makes the call and returns its result; if the result is a descriptor, the probe
   *     closes it. It runs only on Linux on x86-64, so it may use {@link Libc}
   */
  static Availability availability(String call, IntSupplier probe) {
    String system = System.getProperty("os.name", "");
    String machine = System.getProperty("os.arch", "");
    if (!system.equals("Linux")) {
      return Availability.no("needs Linux; this system is " + system);
    }
    if (!machine.equals("amd64")) {
      return Availability.no("needs x86-64, whose constants it uses; this machine is " + machine);
    }
    int result = probe.getAsInt();
    return result < 0 ? Availability.no(call + ": " + Errno.describe(-result)) : Availability.yes();
  }

  /** Closes the descriptor that a probe has opened, and returns it; passes an error number on. */
  static int closed(int fd) {
    if (fd >= 0) {
      Libc.close(fd);
    }
    return fd;
  }

  /** Throws an exception if the model is not available. */
  static void demand(Availability availability) throws IOException {
    if (!availability.here()) {
      throw new IOException("the model is not available: " + availability.reason());
    }
  }
}
