package iomodels.program;

import java.util.regex.Pattern;

/** The syntax of requests to {@link Programs#OFFLOAD}. */
final class OffloadSyntax {

  static final int MOST_TIMES = 10_000_000;

  static final Pattern HASH = Pattern.compile("hash ([0-9]{1,8}) (.*)", Pattern.DOTALL);
  static final Pattern READ = Pattern.compile("read ([A-Za-z0-9_-][A-Za-z0-9._-]*)");

  private OffloadSyntax() {}
}
