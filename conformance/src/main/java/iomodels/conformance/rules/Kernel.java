package iomodels.conformance.rules;

/** What the kernel may hold. */
final class Kernel {

  private Kernel() {}

  /** The same, if the receiver has set its own to that many. */
  static long buffers(int receiveBuffer) {
    return receiveBuffer + BackPressureRules.largest("tcp_wmem");
  }

  /** How many bytes the buffers of one connection may hold, sent and not read. */
  static long buffers() {
    return BackPressureRules.largest("tcp_rmem") + BackPressureRules.largest("tcp_wmem");
  }
}
