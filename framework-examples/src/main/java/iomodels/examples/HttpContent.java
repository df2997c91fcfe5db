package iomodels.examples;

import iomodels.program.HttpRoute;

/** The content of long responses. */
final class HttpContent {

  private static final int PART = 8 * 1024;

  private HttpContent() {}

  /** Returns the next part of {@link HttpRoute.Bytes}. */
  static byte[] part(long begin, long length) {
    byte[] part = new byte[(int) Math.min(PART, length - begin)];
    for (int i = 0; i < part.length; i++) {
      part[i] = HttpRoute.Bytes.at(begin + i);
    }
    return part;
  }
}
