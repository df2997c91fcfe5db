package iomodels.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;

/** A file that is being sent. */
final class FileTransfer implements AutoCloseable {

  private final FileChannel file;
  private final long length;
  private long sent;

  /** Takes the length that the file has now; the caller gives up the channel. */
  FileTransfer(FileChannel file) throws IOException {
    this.file = file;
    try {
      length = file.size();
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  long length() {
    return length;
  }

  /** Sends as much as the channel takes; returns whether nothing is left to send. */
  boolean transferTo(WritableByteChannel channel) throws IOException {
    long n = file.transferTo(sent, length - sent, channel);
    sent += n;
    return sent == length || (n == 0 && sent >= file.size()); // It may have become shorter.
  }

  /** Copies bytes into a buffer, which then count as sent; what the file has grown by is left. */
  void copyTo(ByteBuffer out) throws IOException {
    int part = (int) Math.min(out.remaining(), length - sent);
    int limit = out.limit();
    sent += Math.max(0, file.read(out.limit(out.position() + part), sent));
    out.limit(limit);
  }

  /** Returns whether all of its bytes have been sent. */
  boolean isWhole() {
    return sent == length;
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException _) {
      // It was only read.
    }
  }
}
