package iomodels.cli.output;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Standard output that keeps the reason of a failed write, which a {@code PrintWriter} does not.
 */
public final class StandardOutput extends FilterOutputStream {

  private static final Path LINUX = Path.of("/proc/self/fd/1");

  private volatile @Nullable IOException failure;

  /** Opens standard output. */
  public StandardOutput() {
    super(new FileOutputStream(FileDescriptor.out));
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /** Whether the reader closed the pipe, as {@code head} does: that is no error. */
  public boolean isNoLongerRead() {
    IOException e = failure;
    return e != null && ("Broken pipe".equals(e.getMessage()) || isPipe());
  }

  /** The message of EPIPE may be localized; writing to a pipe fails for no other reason. */
  private static boolean isPipe() {
    try {
      return Files.readSymbolicLink(LINUX).toString().matches("(pipe|socket):.*");
    } catch (IOException _) {
      return false;
    }
  }
}
